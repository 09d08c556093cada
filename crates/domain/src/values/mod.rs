//! Values that can only be made valid: parsed once at the edge, trusted everywhere behind it.

mod client;
mod common_passwords;
mod email_address;
mod ids;
mod locale;
mod name;
mod password;
mod permission;
mod role_description;
mod role_name;
mod search_prefix;
mod text;
mod timestamp;
mod username;

pub use client::{Client, UserAgent};
pub use email_address::EmailAddress;
pub use ids::{AccessTokenId, AuditEventId, InvalidId, KeyId, MailId, RoleId, SessionId, UserId};
pub use locale::Locale;
pub use name::Name;
pub use password::{AcceptedPassword, Identity, Password, PasswordHash, PasswordPolicy, PasswordRefusal};
pub use permission::{OwnPermission, Permission, Permissions};
pub use role_description::RoleDescription;
pub use role_name::RoleName;
pub use search_prefix::SearchPrefix;
pub use timestamp::Timestamp;
pub use username::Username;

/// Why a text is not the value it was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// It has a form or a character that the value cannot have.
    #[error("is malformed")]
    Malformed,
    /// It has fewer characters than the value needs.
    #[error("is shorter than {minimum} characters")]
    TooShort {
        /// The least number of characters.
        minimum: usize,
    },
    /// It has more characters than the value may have.
    #[error("is longer than {maximum} characters")]
    TooLong {
        /// The greatest number of characters; octets for an e-mail address.
        maximum: usize,
    },
}
