use async_trait::async_trait;
use portcullis_domain::archive::PasswordAttempts;
use portcullis_domain::ports::{
    FailedAttempt, FailureOutcome, LockoutPolicy, LockoutRepository, StorageError, SuccessOutcome,
};
use portcullis_domain::{AttemptKey, Timestamp};

use super::MemoryStorage;
use super::state::{State, remove_up_to};

#[async_trait]
impl LockoutRepository for MemoryStorage {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.step("LockoutRepository::locked_until").await?.lock(key, now))
    }

    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError> {
        let mut state = self.step("LockoutRepository::record_failure").await?;
        let FailedAttempt { key, now, policy, failure, lock } = attempt;
        if policy.threshold == 0 {
            state.record(failure)?;
            return Ok(FailureOutcome::Admitted { locks: false });
        }
        if let Some(until) = state.lock(key, now) {
            return Ok(FailureOutcome::Locked { until });
        }
        let before = state.wrong_passwords.get(&key).filter(|wrong| still_count(wrong, now, policy));
        let failures = before.map_or(0, |wrong| wrong.failures) + 1;
        let locks = failures >= policy.threshold;
        if locks {
            state.record_all([failure, lock])?;
        } else {
            state.record(failure)?;
        }
        let locked_until = locks.then(|| now + policy.duration);
        let attempts = PasswordAttempts { key, failures, last_failure_at: now, locked_until };
        state.wrong_passwords.insert(key, attempts);
        Ok(FailureOutcome::Admitted { locks })
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError> {
        let mut state = self.step("LockoutRepository::record_success").await?;
        if let Some(until) = state.lock(key, now) {
            return Ok(SuccessOutcome::Locked { until });
        }
        state.wrong_passwords.remove(&key);
        Ok(SuccessOutcome::Admitted)
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let mut state = self.step("LockoutRepository::delete_stale").await?;
        let passwords = state.wrong_passwords.extract_if(|_, wrong| wrong.last_failure_at < before);
        let deleted = remove_up_to(limit, passwords);
        let codes = state.wrong_codes.extract_if(|_, wrong| wrong.last_failure_at < before);
        Ok(deleted + remove_up_to(limit - deleted, codes))
    }
}

/// Whether these are in a row with one at `now`, which no lock refuses.
fn still_count(wrong: &PasswordAttempts, now: Timestamp, policy: LockoutPolicy) -> bool {
    wrong.locked_until.is_none() && now < wrong.last_failure_at + policy.forgotten_after()
}

impl State {
    /// Until when `key` is locked, if it is at `now`.
    pub(super) fn lock(&self, key: AttemptKey, now: Timestamp) -> Option<Timestamp> {
        self.wrong_passwords.get(&key)?.locked_until.filter(|until| now < *until)
    }
}
