use std::fmt;

use super::InvalidValue;
use super::text::{folded, is_deceptive};

/// What a person is called: 1 to 255 characters, none of which can hide or reorder the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    const MAX_CHARACTERS: usize = 255;

    /// Reads a name, ignoring white space around it.
    ///
    /// # Errors
    ///
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let name = text.trim();
        if name.is_empty() {
            Err(InvalidValue::TooShort { minimum: 1 })
        } else if name.chars().count() > Self::MAX_CHARACTERS {
            Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS })
        } else if name.chars().any(Self::is_forbidden) {
            Err(InvalidValue::Malformed)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// Joiners shape the letters of several scripts and emoji, so they belong to names.
    fn is_forbidden(character: char) -> bool {
        is_deceptive(character) && !matches!(character, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared regardless of case.
    #[must_use]
    pub fn canonical(&self) -> String {
        folded(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
