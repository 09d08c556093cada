use std::fmt;

use super::InvalidValue;
use super::text::is_deceptive;

/// What a role is for: 1 to 500 characters, none of which can hide or reorder the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDescription(String);

impl RoleDescription {
    const MAX_CHARACTERS: usize = 500;

    /// Reads a description, ignoring white space around it.
    ///
    /// # Errors
    ///
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let description = text.trim();
        if description.is_empty() {
            Err(InvalidValue::TooShort { minimum: 1 })
        } else if description.chars().count() > Self::MAX_CHARACTERS {
            Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS })
        } else if description.chars().any(is_deceptive) {
            Err(InvalidValue::Malformed)
        } else {
            Ok(Self(description.to_owned()))
        }
    }

    /// The description as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleDescription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
