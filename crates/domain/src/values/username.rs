use std::fmt;

use super::InvalidValue;

/// A name to sign in with: 3 to 32 of `a-z A-Z 0-9 . _ -`, starting with a letter.
///
/// Shown as given, compared case-insensitively.
#[derive(Clone, Debug)]
pub struct Username {
    given: String,
    canonical: String,
}

impl Username {
    const MIN_CHARACTERS: usize = 3;
    const MAX_CHARACTERS: usize = 32;

    /// Reads a username; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let starts_with_letter = text.starts_with(|first: char| first.is_ascii_alphabetic());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match text.chars().count() {
            length if length < Self::MIN_CHARACTERS => {
                Err(InvalidValue::TooShort { minimum: Self::MIN_CHARACTERS })
            }
            length if length > Self::MAX_CHARACTERS => {
                Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS })
            }
            _ if starts_with_letter && text.bytes().all(allowed) => {
                Ok(Self { given: text.to_owned(), canonical: text.to_ascii_lowercase() })
            }
            _ => Err(InvalidValue::Malformed),
        }
    }

    /// The username as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The form under which stores compare and index it.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Username {}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.given)
    }
}
