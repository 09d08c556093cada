use std::time::Duration;

use async_trait::async_trait;

use crate::values::{AcceptedPassword, Password, PasswordHash};

/// Hashes passwords slowly and salted, with a bound on how many at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A new hash of `password`, with a salt of its own.
    ///
    /// # Errors
    ///
    /// [`HashingError::Overloaded`] at once, before any work, when too many wait already.
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HashingError>;

    /// Whether `password` is the one that `hash` was made from.
    ///
    /// With no hash, because there is no such account, the answer is [`Verification::Mismatch`] after
    /// the work that a hash of the current settings takes: MUST NOT be told from a wrong password
    /// by its time.
    ///
    /// # Errors
    ///
    /// [`HashingError::Overloaded`] at once, before any work, when too many wait already;
    /// [`HashingError::UnknownHash`] when the hash is none that this hasher can check.
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HashingError>;
}

/// What checking a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It is the password.
    Match {
        /// Whether the hash was made with other settings than today's, and should be replaced.
        outdated: bool,
    },
    /// It is not.
    Mismatch,
}

/// Why a password was neither hashed nor checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// Too many are waiting.
    #[error("too many passwords are being hashed")]
    Overloaded {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// The stored hash is none that can be checked: a defect in what was stored.
    #[error("a stored password hash cannot be read")]
    UnknownHash,
}
