use std::fmt;

use super::InvalidValue;

/// A language to write mails and pages in: a BCP 47 tag in lower case, such as `en` or `de-at`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locale(String);

impl Locale {
    /// English, `en`.
    #[must_use]
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// Reads a language tag: subtags of 1 to 8 letters and digits, the first of 2 or 3 letters.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::Malformed`] when it is no such tag, [`InvalidValue::TooLong`] past
    /// 35 characters (RFC 5646 §4.4.1).
    pub fn parse(tag: &str) -> Result<Self, InvalidValue> {
        const MAX_CHARACTERS: usize = 35;
        if tag.len() > MAX_CHARACTERS {
            return Err(InvalidValue::TooLong { maximum: MAX_CHARACTERS });
        }
        let mut subtags = tag.split('-');
        let is_language = |subtag: &str| {
            matches!(subtag.len(), 2 | 3) && subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        let is_subtag = |subtag: &str| {
            matches!(subtag.len(), 1..=8) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if subtags.next().is_some_and(is_language) && subtags.all(is_subtag) {
            Ok(Self(tag.to_ascii_lowercase()))
        } else {
            Err(InvalidValue::Malformed)
        }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone, without region or script: `de` of `de-at`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
