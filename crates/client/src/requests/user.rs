use serde::Serialize;

use super::{Profile, ProfileChange};
use crate::secret::Secret;

/// An account to be made for somebody.
#[derive(Clone, Debug, Serialize)]
pub struct UserCreation {
    /// One address.
    pub email: String,
    /// Without one, a mail invites the owner to set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What they are called.
    #[serde(flatten)]
    pub profile: Profile,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// Whether the account may be used.
    pub is_active: bool,
    /// The names of roles to hold, besides `user`, which every account gets.
    pub roles: Vec<String>,
}

impl UserCreation {
    /// An account that may be used once its owner has set a password by the mail that invites them.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            password: None,
            profile: Profile::default(),
            email_verified: false,
            is_active: true,
            roles: Vec::new(),
        }
    }
}

/// What shall be different about somebody's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserChange {
    /// What they are called.
    #[serde(flatten)]
    pub profile: ProfileChange,
    /// Another address, which is unverified again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the account may be used; `false` ends every session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}
