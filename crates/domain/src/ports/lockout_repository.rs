use std::time::Duration;

use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::secrets::AttemptKey;
use crate::values::Timestamp;

/// Counts wrong passwords in a row, for accounts and for identifiers that name none alike.
///
/// A use case asks [`locked_until`](Self::locked_until) first, so as not to hash in vain, then hashes,
/// then reports what it found. What it found counts only if the report is admitted: so of any number
/// of guesses at once no more than the threshold get an answer that depends on the password, and
/// right passwords in parallel all succeed. A right password that opens a session is reported with
/// [that step](super::SessionRepository::open).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LockoutRepository: Send + Sync {
    /// Until when `key` is locked, if it is at `now`.
    ///
    /// Proven by the cases `lockout_ends_by_itself` and `lockout_keys_are_apart`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError>;

    /// Counts a wrong password.
    ///
    /// MUST admit exactly `attempt.policy.threshold` reports in a row, however they are raced, and lock the
    /// key with the last of them for `attempt.policy.duration`; MUST refuse, uncounted, those that come while it
    /// is locked. A count starts again when the lock is over, and when `forgotten_after()` of the policy has
    /// passed since the last report that was counted. A threshold of zero admits all and counts nothing.
    /// MUST store `attempt.failure` with each report that is admitted, and `attempt.lock` with the one that
    /// locks.
    ///
    /// Proven by the cases `lockout_admits_exactly_the_threshold`, `lockout_ends_by_itself`,
    /// `lockout_forgets_old_failures`, `lockout_of_zero_is_off`, `wrong_passwords_and_locks_are_in_the_trail`
    /// and `lockout_keys_are_apart`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing was counted.
    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError>;

    /// Reports a right password: MUST be refused while `key` is locked, and MUST else set its count
    /// to zero.
    ///
    /// Proven by the cases `lockout_refuses_the_right_password_and_success_resets_the_count` and
    /// `right_passwords_in_parallel_all_succeed`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError>;

    /// Deletes up to `limit` counts, of passwords and of codes, whose last report came before
    /// `before`, and says how many it deleted.
    ///
    /// Proven by the case `stale_counts_are_deleted_in_batches`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError>;
}

/// A wrong password.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    /// Where it is counted.
    pub key: AttemptKey,
    /// The moment.
    pub now: Timestamp,
    /// When wrong passwords lock an account.
    pub policy: LockoutPolicy,
    /// Tells of it.
    pub failure: AuditEvent,
    /// Tells of the lockout that it causes.
    pub lock: AuditEvent,
}

/// What reporting a wrong password came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureOutcome {
    /// It may be told that the password is wrong.
    Admitted {
        /// Whether the key is locked from here on.
        locks: bool,
    },
    /// It may not: there were too many before it.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// Whether what was found about a right password may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessOutcome {
    /// It may.
    Admitted,
    /// It may not: there were too many wrong passwords.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// When wrong passwords lock an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockoutPolicy {
    /// After how many in a row; zero for never.
    pub threshold: u32,
    /// For how long.
    pub duration: Duration,
}

impl LockoutPolicy {
    /// How long a wrong password is remembered: a day, or as long as the lockout if that is longer.
    ///
    /// The same for every key, so that waiting does not tell an account from an unknown identifier.
    #[must_use]
    pub fn forgotten_after(&self) -> Duration {
        const DAY: Duration = Duration::from_hours(24);
        self.duration.max(DAY)
    }
}
