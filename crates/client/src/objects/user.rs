use serde::Deserialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::UserId;

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Names the account for good.
    pub id: UserId,
    /// The address as its owner first wrote it.
    pub email: String,
    /// Whether the owner has shown that they read mails to the address.
    pub email_verified: bool,
    /// A name to sign in with.
    pub username: Option<String>,
    /// The whole name, or a nickname.
    pub name: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// Whether the account may be used.
    pub is_active: bool,
    /// The names of the roles held, in alphabetical order.
    pub roles: Vec<String>,
    /// When the account was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the profile last changed.
    #[serde(with = "rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// When somebody last signed in.
    #[serde(with = "rfc3339::option")]
    pub last_login_at: Option<OffsetDateTime>,
}
