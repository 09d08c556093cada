use std::fmt;

use super::InvalidValue;
use super::text::{folded, is_deceptive};

/// One e-mail address: shown as first given, compared by its canonical form.
///
/// Two spellings are the same address when their local parts agree after Unicode NFKC and case
/// folding and their domains agree after IDNA (UTS #46). Look-alike letters stay different.
/// The form is a dot-atom of RFC 5321 with the international characters of RFC 6531; quoted local
/// parts, address literals and domains of one label are refused.
///
/// ```
/// use portcullis_domain::EmailAddress;
///
/// let address = EmailAddress::parse(" Ada@Example.COM ")?;
/// assert_eq!(address.as_str(), "Ada@Example.COM");
/// assert_eq!(address, EmailAddress::parse("ada@example.com")?);
/// assert!(EmailAddress::parse("ada@example.com, eve@example.com").is_err());
/// # Ok::<(), portcullis_domain::InvalidValue>(())
/// ```
#[derive(Clone, Debug)]
pub struct EmailAddress {
    given: String,
    canonical: String,
}

impl EmailAddress {
    /// The most octets that an address may have (RFC 5321 §4.5.3.1.3, less the brackets).
    pub const MAX_OCTETS: usize = 254;
    const MAX_LOCAL_OCTETS: usize = 64;

    /// Reads one address, ignoring white space around it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::TooLong`] past 254 octets, in either form; [`InvalidValue::Malformed`]
    /// when it is not exactly one address.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let given = text.trim();
        let (local, domain) = given.rsplit_once('@').ok_or(InvalidValue::Malformed)?;
        let canonical_local = folded(local);
        let canonical_domain = canonical_domain(domain)?;
        let canonical = format!("{canonical_local}@{canonical_domain}");
        if given.len() > Self::MAX_OCTETS || canonical.len() > Self::MAX_OCTETS {
            return Err(InvalidValue::TooLong { maximum: Self::MAX_OCTETS });
        }
        // Compatibility forms can fold into syntax (a full-width `＠` into `@`): check both.
        if is_dot_atom(local) && is_dot_atom(&canonical_local) {
            Ok(Self { given: given.to_owned(), canonical })
        } else {
            Err(InvalidValue::Malformed)
        }
    }

    /// The address as its owner first wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The form under which stores compare and index it.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The part before the `@`, in canonical form.
    #[must_use]
    pub fn canonical_local_part(&self) -> &str {
        self.canonical.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// Besides what RFC 6531 forbids, `=?` is refused: mail programs decode what follows as an encoded word
/// (RFC 2047), also where none may stand, and would read another address.
fn is_dot_atom(local: &str) -> bool {
    local.len() <= EmailAddress::MAX_LOCAL_OCTETS
        && !local.contains("=?")
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_character(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(character)
    } else {
        !character.is_whitespace() && !is_deceptive(character)
    }
}

fn canonical_domain(domain: &str) -> Result<String, InvalidValue> {
    // Mapped to nothing (UTS #46), some that cannot be seen would stay in the address as it was given.
    if domain.chars().any(is_deceptive) {
        return Err(InvalidValue::Malformed);
    }
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidValue::Malformed)?;
    let named = ascii
        .rsplit_once('.')
        .is_some_and(|(_, top)| !top.is_empty() && !top.bytes().all(|byte| byte.is_ascii_digit()));
    if named { Ok(ascii) } else { Err(InvalidValue::Malformed) }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.given)
    }
}
