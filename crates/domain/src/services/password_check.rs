use std::sync::Arc;
use std::time::Duration;

use super::Auditor;
use crate::audit::{AuditKind, FailureReason};
use crate::origin::Origin;
use crate::ports::{
    FailedAttempt, FailureOutcome, HasherOverloaded, HashingError, LockoutPolicy, LockoutRepository,
    PasswordHasher, PasswordVerdict, StorageError, SuccessOutcome,
};
use crate::secrets::AttemptKey;
use crate::user::{Account, User};
use crate::values::{Password, PasswordHash, Timestamp};

/// Checks a password wherever one is asked for, so that every check counts against one lockout.
#[derive(Clone)]
pub(crate) struct PasswordCheck {
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) lockouts: Arc<dyn LockoutRepository>,
    pub(crate) auditor: Auditor,
    pub(crate) policy: LockoutPolicy,
}

/// A password to be checked.
pub(crate) struct Check<'a> {
    /// Where wrong ones are counted: for an account, or for an identifier that names none.
    pub(crate) attempts: AttemptKey,
    /// Which account it is said to open; none when no account is called so. Without a hash there is nothing to be
    /// right about: it costs the same.
    pub(crate) account: Option<Account>,
    /// What was given. None means that it is too long to be a password: it counts as wrong, unhashed.
    pub(crate) password: Option<Password>,
    /// What it is asked for.
    pub(crate) purpose: AuditKind,
    /// By whom it was given, from where.
    pub(crate) origin: &'a Origin,
    /// The moment.
    pub(crate) now: Timestamp,
}

/// A right password that is still to be reported: nothing that depends on it may be told before its report is
/// admitted.
#[must_use]
pub(crate) struct RightPassword {
    /// Whose it is.
    pub(crate) user: User,
    /// The hash that it matches.
    pub(crate) verified_hash: PasswordHash,
    /// Where it is to be reported.
    pub(crate) attempts: AttemptKey,
    /// Whether its hash should be replaced by one of today's settings.
    pub(crate) hash_is_outdated: bool,
    now: Timestamp,
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
    Overloaded(#[from] HasherOverloaded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl PasswordCheck {
    /// Finds out whether the password is right, reports what it finds, and gives the hash that the password matches.
    pub(crate) async fn check(&self, check: Check<'_>) -> Result<PasswordHash, PasswordCheckError> {
        let right = self.verify(check).await?;
        self.report(&right).await?;
        Ok(right.verified_hash)
    }

    /// Finds out whether the password is right, and counts it if it is not. One that is right is for the caller to
    /// report.
    pub(crate) async fn verify(&self, check: Check<'_>) -> Result<RightPassword, PasswordCheckError> {
        let Check { attempts, now, .. } = check;
        if let Some(until) = self.lockouts.locked_until(attempts, now).await? {
            return Err(PasswordCheckError::Locked { retry_after: until.since(now) });
        }
        let hash = check.account.as_ref().and_then(|account| account.password_hash.clone());
        let verdict = match check.password.clone() {
            Some(password) => self.hasher.verify(password, hash.clone()).await?,
            None => PasswordVerdict::Mismatch,
        };
        match (verdict, hash, &check.account) {
            (PasswordVerdict::Match { outdated }, Some(verified_hash), Some(Account { user, .. })) => {
                let user = user.clone();
                Ok(RightPassword { user, verified_hash, attempts, hash_is_outdated: outdated, now })
            }
            _ => Err(self.count(&check).await?),
        }
    }

    /// Reports a right password, which counts unless a lockout began while it was hashed.
    pub(crate) async fn report(&self, right: &RightPassword) -> Result<(), PasswordCheckError> {
        let RightPassword { attempts, now, .. } = *right;
        match self.lockouts.record_success(attempts, now).await? {
            SuccessOutcome::Admitted => Ok(()),
            SuccessOutcome::Locked { until } => {
                Err(PasswordCheckError::Locked { retry_after: until.since(now) })
            }
        }
    }

    /// Counts a wrong password, and says how it is answered.
    async fn count(&self, check: &Check<'_>) -> Result<PasswordCheckError, StorageError> {
        let Check { attempts: key, purpose, origin, now, .. } = *check;
        let user = check.account.as_ref().map(|account| account.user.id);
        let event = |kind| {
            let event = self.auditor.event(kind, origin, now);
            if let Some(user) = user { event.about(user) } else { event }
        };
        let reason =
            if user.is_some() { FailureReason::WrongPassword } else { FailureReason::UnknownAccount };
        let (failure, lock) = (event(purpose).failed(reason), event(AuditKind::AccountLock));
        let attempt =
            FailedAttempt { key, now, policy: self.policy, failure: failure.clone(), lock: lock.clone() };
        match self.lockouts.record_failure(attempt).await? {
            FailureOutcome::Admitted { locks } => {
                self.auditor.stored(&failure);
                if locks {
                    self.auditor.stored(&lock);
                }
                Ok(PasswordCheckError::Wrong)
            }
            FailureOutcome::Locked { until } => {
                Ok(PasswordCheckError::Locked { retry_after: until.since(now) })
            }
        }
    }
}

/// Attempts a second time what comes to nothing because the account has another hash by the time that the password is
/// checked: a login at the same time may have renewed it, which says nothing about the password.
///
/// # Errors
///
/// Those of an attempt; [`PasswordCheckError::Wrong`] when both come to nothing.
pub(crate) async fn unless_overtaken_twice<E: From<PasswordCheckError>>(
    attempt: impl AsyncFn() -> Result<bool, E>,
) -> Result<(), E> {
    if attempt().await? || attempt().await? { Ok(()) } else { Err(PasswordCheckError::Wrong.into()) }
}

impl From<HashingError> for PasswordCheckError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Overloaded(error) => Self::Overloaded(error),
            HashingError::UnknownHash => Self::Storage(StorageError::broken(error)),
        }
    }
}
