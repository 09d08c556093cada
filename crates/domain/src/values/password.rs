use std::fmt;

use icu_normalizer::ComposingNormalizer;
use zeroize::Zeroizing;

use super::text::folded;
use super::{EmailAddress, InvalidValue, Name, Username, common_passwords};

/// A password as somebody typed it, in Unicode NFKC, so that every keyboard makes the same one.
///
/// At most 128 characters; wiped from memory when dropped; never printed.
///
/// What was typed is kept beside it where it is something else: a system that does not normalise made
/// its hashes of that, and they can be brought here.
///
/// ```
/// use portcullis_domain::Password;
///
/// let password = Password::parse("cafe\u{301}").unwrap();
/// assert_eq!(password.expose(), "caf\u{e9}".as_bytes());
/// assert_eq!(password.expose_as_typed(), Some("cafe\u{301}".as_bytes()));
/// assert_eq!(Password::parse("caf\u{e9}").unwrap().expose_as_typed(), None);
/// ```
#[derive(Clone)]
pub struct Password {
    normalized: Zeroizing<String>,
    as_typed: Option<Zeroizing<String>>,
}

impl Password {
    /// The most characters that a password may have.
    pub const MAX_CHARACTERS: usize = 128;

    /// Reads a password; nothing is trimmed or truncated.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::TooLong`] past 128 characters, found without reading the rest.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let nfkc = ComposingNormalizer::new_nfkc();
        // Reserved up front: growing would leave unwiped copies behind.
        let mut normalized = Zeroizing::new(String::with_capacity(4 * Self::MAX_CHARACTERS));
        for (index, character) in nfkc.normalize_iter(text.chars()).enumerate() {
            if index == Self::MAX_CHARACTERS {
                return Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS });
            }
            normalized.push(character);
        }
        let as_typed = (*normalized != text).then(|| Zeroizing::new(text.to_owned()));
        Ok(Self { normalized, as_typed })
    }

    /// The octets that are hashed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.normalized.as_bytes()
    }

    /// The octets that were typed, where they are others than those that are hashed.
    #[must_use]
    pub fn expose_as_typed(&self) -> Option<&[u8]> {
        self.as_typed.as_ref().map(|text| text.as_bytes())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password([redacted])")
    }
}

/// A password that the policy lets an account have: the only kind that is hashed for keeping.
#[derive(Clone, Debug)]
pub struct AcceptedPassword(Password);

impl AcceptedPassword {
    /// A password that its account has already: policies that came later do not take it away.
    pub(crate) fn kept_before(password: Password) -> Self {
        Self(password)
    }

    /// The password as such.
    pub(crate) fn as_password(&self) -> &Password {
        &self.0
    }

    /// The octets that are hashed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Who a password is for: what it must not contain.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The address of the account.
    pub email: &'a EmailAddress,
    /// The username, if there is one.
    pub username: Option<&'a Username>,
    /// Every name that is known of the person.
    pub names: [Option<&'a Name>; 3],
}

/// Why the policy refuses a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// It has fewer characters than the policy asks for.
    #[error("is shorter than {minimum} characters")]
    TooShort {
        /// The least number of characters.
        minimum: usize,
    },
    /// It is among the passwords that attackers try first.
    #[error("is among the most common passwords")]
    Common,
    /// It has leaked somewhere, as a [list](crate::ports::BreachedPasswords) knows.
    #[error("is known from breaches elsewhere")]
    Breached,
    /// It contains the address, the username or a name of the account.
    #[error("contains the e-mail address, the username or a name")]
    ContainsIdentity,
}

/// Which passwords accounts may have: length and what is known to be guessed, no composition rules
/// (NIST SP 800-63B §3.1.1).
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    minimum: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { minimum: Self::LOWEST_MINIMUM }
    }
}

impl PasswordPolicy {
    /// The least number of characters that a policy may ask for.
    pub const LOWEST_MINIMUM: usize = 8;
    /// The greatest number of characters that a policy may ask for.
    pub const HIGHEST_MINIMUM: usize = 64;
    /// Shorter parts of an identity occur in good passwords by chance.
    const SHORTEST_IDENTITY: usize = 4;

    /// A policy that asks for `minimum` characters, from 8 to 64.
    #[must_use]
    pub fn new(minimum: usize) -> Option<Self> {
        (Self::LOWEST_MINIMUM..=Self::HIGHEST_MINIMUM).contains(&minimum).then_some(Self { minimum })
    }

    /// The fewest characters that it asks for.
    #[must_use]
    pub const fn minimum(&self) -> usize {
        self.minimum
    }

    /// Lets `password` be kept for `identity`, or says why not.
    ///
    /// # Errors
    ///
    /// The first [`PasswordRefusal`] that applies.
    pub fn accept(
        &self,
        password: Password,
        identity: &Identity<'_>,
    ) -> Result<AcceptedPassword, PasswordRefusal> {
        if password.normalized.chars().count() < self.minimum {
            return Err(PasswordRefusal::TooShort { minimum: self.minimum });
        }
        let comparable = Zeroizing::new(folded(&password.normalized));
        if common_passwords::contains(&comparable) {
            return Err(PasswordRefusal::Common);
        }
        if Self::contains_identity(&comparable, identity) {
            return Err(PasswordRefusal::ContainsIdentity);
        }
        Ok(AcceptedPassword(password))
    }

    fn contains_identity(comparable: &str, identity: &Identity<'_>) -> bool {
        let telling =
            |part: &str| part.chars().count() >= Self::SHORTEST_IDENTITY && comparable.contains(part);
        telling(&folded(identity.email.as_str()))
            || telling(identity.email.canonical_local_part())
            || identity.username.is_some_and(|username| telling(username.canonical()))
            || identity.names.into_iter().flatten().any(|name| telling(&name.canonical()))
    }
}

/// The hash of a password as text: what stores keep instead of it.
///
/// A PHC string when it was made here; what was brought in keeps the form of the system that made it,
/// until its account's next login.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash that a [`PasswordHasher`](crate::ports::PasswordHasher) made or
    /// [imports](crate::ports::PasswordHasher::import).
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash([redacted])")
    }
}
