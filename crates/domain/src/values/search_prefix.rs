use super::InvalidValue;
use super::text::folded;

/// How something that is searched for begins, regardless of case: 1 to 255 characters.
///
/// After an `@` it is a domain, which canonical addresses have in ASCII (UTS #46). Of a label with other letters the whole has
/// to be there: `ada@bücher` finds what `ada@bü` does not.
///
/// ```
/// use portcullis_domain::SearchPrefix;
///
/// let prefix = SearchPrefix::parse(" Ada ")?;
/// assert_eq!(prefix.as_str(), "ada");
/// assert!(prefix.begins("ada@example.com") && !prefix.begins("grace@example.com"));
/// # Ok::<(), portcullis_domain::InvalidValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPrefix(String);

impl SearchPrefix {
    /// The most characters that one has.
    pub const MAX_CHARACTERS: usize = 255;

    /// Reads a prefix, ignoring white space around it.
    ///
    /// # Errors
    ///
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let prefix = with_domain_in_ascii(folded(text.trim()));
        if prefix.is_empty() {
            Err(InvalidValue::TooShort { minimum: 1 })
        } else if prefix.chars().count() > Self::MAX_CHARACTERS {
            Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS })
        } else if prefix.contains('\0') {
            Err(InvalidValue::Malformed)
        } else {
            Ok(Self(prefix))
        }
    }

    /// The prefix, folded as canonical forms are.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the canonical form `text` begins with it.
    #[must_use]
    pub fn begins(&self, text: &str) -> bool {
        text.starts_with(&self.0)
    }

    /// A text that is after all texts that begin with the prefix and before those after them, in the order of
    /// their octets: with [`as_str`](Self::as_str) the bounds of a range in an index. None when no text is
    /// after them.
    ///
    /// ```
    /// # use portcullis_domain::SearchPrefix;
    /// assert_eq!(SearchPrefix::parse("ada")?.end().as_deref(), Some("adb"));
    /// # Ok::<(), portcullis_domain::InvalidValue>(())
    /// ```
    #[must_use]
    pub fn end(&self) -> Option<String> {
        let mut kept: Vec<char> = self.0.chars().collect();
        while let Some(last) = kept.pop() {
            // A range of characters steps over the surrogates.
            if let Some(next) = (last..=char::MAX).nth(1) {
                kept.push(next);
                return Some(kept.into_iter().collect());
            }
        }
        None
    }
}

/// What is no domain stays as it is.
fn with_domain_in_ascii(prefix: String) -> String {
    match prefix.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => idna::domain_to_ascii(domain)
            .map_or_else(|_| prefix.clone(), |domain| format!("{local}@{domain}")),
        _ => prefix,
    }
}
