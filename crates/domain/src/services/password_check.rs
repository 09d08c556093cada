use std::sync::Arc;
use std::time::Duration;

use crate::ports::{
    Attempt, HashingError, LockoutPolicy, LockoutRepository, PasswordHasher, StorageError, Verification,
};
use crate::secrets::AttemptKey;
use crate::values::{Password, PasswordHash, Timestamp};

/// Checks a password wherever one is asked for, so that every check counts against one lockout.
#[derive(Clone)]
pub(crate) struct PasswordCheck {
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) lockouts: Arc<dyn LockoutRepository>,
    pub(crate) policy: LockoutPolicy,
}

/// A right password.
pub(crate) struct RightPassword {
    /// Whether its hash should be replaced by one of today's settings.
    pub(crate) hash_is_outdated: bool,
}

/// Why a password was not found right.
#[derive(Debug, thiserror::Error)]
pub enum PasswordCheckError {
    /// It is wrong.
    #[error("the password is wrong")]
    Wrong,
    /// There were too many wrong ones before it, whatever it is.
    #[error("locked after too many wrong passwords")]
    Locked {
        /// When it is over.
        retry_after: Duration,
    },
    /// It could not be checked now.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl PasswordCheck {
    /// Checks `password` against `hash`, for the account or identifier that `attempts` stands for.
    ///
    /// No `hash` means that there is nothing to be right about: it costs the same. No `password` means
    /// that what was sent is too long to be one: it counts as wrong, unhashed.
    pub(crate) async fn check(
        &self,
        attempts: AttemptKey,
        hash: Option<PasswordHash>,
        password: Option<Password>,
        now: Timestamp,
    ) -> Result<RightPassword, PasswordCheckError> {
        if let Some(until) = self.lockouts.locked_until(attempts, now).await? {
            return Err(PasswordCheckError::Locked { retry_after: until.since(now) });
        }
        let verification = match password {
            Some(password) => self.hasher.verify(password, hash).await?,
            None => Verification::Mismatch,
        };
        let attempt = match verification {
            Verification::Match { .. } => self.lockouts.record_success(attempts, now).await?,
            Verification::Mismatch => self.lockouts.record_failure(attempts, now, self.policy).await?,
        };
        match (attempt, verification) {
            (Attempt::Locked { until }, _) => {
                Err(PasswordCheckError::Locked { retry_after: until.since(now) })
            }
            (Attempt::Admitted, Verification::Match { outdated }) => {
                Ok(RightPassword { hash_is_outdated: outdated })
            }
            (Attempt::Admitted, Verification::Mismatch) => Err(PasswordCheckError::Wrong),
        }
    }
}
