//! Where a request comes from, and with what authority.

use crate::session::Principal;
use crate::values::{Client, Permissions, UserId};

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub party: Party,
    /// From where.
    pub client: Client,
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Nobody is signed in.
    Anyone,
    /// This user is signed in.
    User(UserId),
    /// Whoever runs the installation, at its command line.
    Operator,
}

impl Origin {
    /// Somebody at `client` who is not signed in.
    #[must_use]
    pub fn anyone(client: Client) -> Self {
        Self { party: Party::Anyone, client }
    }

    /// `user`, signed in at `client`.
    #[must_use]
    pub fn user(user: UserId, client: Client) -> Self {
        Self { party: Party::User(user), client }
    }

    /// An operator at the command line, or the service by itself.
    #[must_use]
    pub fn operator() -> Self {
        Self { party: Party::Operator, client: Client::default() }
    }
}

/// Who acts on what is not their own, and with what authority.
///
/// Nobody hands out a permission that they lack, nor touches an account whose holder has one that they lack:
/// the stores check the authority with the same step that acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who, from where.
    pub origin: Origin,
    /// What they may do, as the store had it at this call.
    pub authority: Permissions,
}

impl Actor {
    /// The caller behind `principal`, at `client`.
    #[must_use]
    pub fn signed_in(principal: &Principal, client: Client) -> Self {
        Self { origin: Origin::user(principal.user.id, client), authority: principal.permissions.clone() }
    }

    /// An operator, who may do everything: they hold the secret key and can write the store.
    #[must_use]
    pub fn operator() -> Self {
        Self { origin: Origin::operator(), authority: Permissions::every([]) }
    }
}
