use std::fmt;

use super::InvalidValue;

/// The name of a role: 2 to 64 of `a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

impl RoleName {
    const MIN_CHARACTERS: usize = 2;
    const MAX_CHARACTERS: usize = 64;

    /// The built-in role that holds every permission there is or will be.
    #[must_use]
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The built-in role that every account gets, and that holds no permission.
    #[must_use]
    pub fn user() -> Self {
        Self("user".to_owned())
    }

    /// Whether this is the built-in role that holds every permission.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == "admin"
    }

    /// Reads a role name; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.chars().count() {
            length if length < Self::MIN_CHARACTERS => {
                Err(InvalidValue::TooShort { minimum: Self::MIN_CHARACTERS })
            }
            length if length > Self::MAX_CHARACTERS => {
                Err(InvalidValue::TooLong { maximum: Self::MAX_CHARACTERS })
            }
            _ if text.bytes().all(super::permission::is_allowed) => Ok(Self(text.to_owned())),
            _ => Err(InvalidValue::Malformed),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
