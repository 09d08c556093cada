use async_trait::async_trait;
use portcullis_domain::ports::{Attempt, LockoutPolicy, LockoutRepository, StorageError};
use portcullis_domain::{AttemptKey, Timestamp};

use super::MemoryStorage;
use super::state::{State, WrongPasswords, remove_up_to};

#[async_trait]
impl LockoutRepository for MemoryStorage {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.step("LockoutRepository::locked_until")?.lock(key, now))
    }

    async fn record_failure(
        &self,
        key: AttemptKey,
        now: Timestamp,
        policy: LockoutPolicy,
    ) -> Result<Attempt, StorageError> {
        let mut state = self.step("LockoutRepository::record_failure")?;
        if policy.threshold == 0 {
            return Ok(Attempt::Admitted);
        }
        if let Some(until) = state.lock(key, now) {
            return Ok(Attempt::Locked { until });
        }
        let before = state.wrong_passwords.get(&key).filter(|wrong| wrong.still_count(now, policy));
        let count = before.map_or(0, |wrong| wrong.count) + 1;
        let locked_until = (count >= policy.threshold).then(|| now + policy.duration);
        state.wrong_passwords.insert(key, WrongPasswords { count, last_at: now, locked_until });
        Ok(Attempt::Admitted)
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<Attempt, StorageError> {
        let mut state = self.step("LockoutRepository::record_success")?;
        if let Some(until) = state.lock(key, now) {
            return Ok(Attempt::Locked { until });
        }
        state.wrong_passwords.remove(&key);
        Ok(Attempt::Admitted)
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let mut state = self.step("LockoutRepository::delete_stale")?;
        let passwords = state.wrong_passwords.extract_if(|_, wrong| wrong.last_at < before);
        let deleted = remove_up_to(limit, passwords);
        let codes = state.wrong_codes.extract_if(|_, wrong| wrong.last_at < before);
        Ok(deleted + remove_up_to(limit - deleted, codes))
    }
}

impl WrongPasswords {
    /// Whether these are in a row with one at `now`, which no lock refuses.
    fn still_count(&self, now: Timestamp, policy: LockoutPolicy) -> bool {
        self.locked_until.is_none() && now < self.last_at + policy.forgotten_after()
    }
}

impl State {
    fn lock(&self, key: AttemptKey, now: Timestamp) -> Option<Timestamp> {
        self.wrong_passwords.get(&key)?.locked_until.filter(|until| now < *until)
    }
}
