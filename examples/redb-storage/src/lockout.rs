use async_trait::async_trait;
use portcullis_domain::archive::PasswordAttempts;
use portcullis_domain::ports::{
    FailedAttempt, FailureOutcome, LockoutPolicy, LockoutRepository, StorageError, SuccessOutcome,
};
use portcullis_domain::{AttemptKey, Timestamp};

use crate::RedbStore;
use crate::records::{Changes as _, WRONG_CODES, WRONG_PASSWORDS};
use crate::tables::{Reads, Writes as _};

#[async_trait]
impl LockoutRepository for RedbStore {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        self.read(move |store| lock(store, key, now)).await
    }

    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError> {
        self.write(move |store| {
            let FailedAttempt { key, now, policy, failure, lock: event } = attempt;
            if policy.threshold == 0 {
                store.record(&failure)?;
                return Ok(FailureOutcome::Admitted { locks: false });
            }
            if let Some(until) = lock(store, key, now)? {
                return Ok(FailureOutcome::Locked { until });
            }
            store.record(&failure)?;
            let before = store.get(&WRONG_PASSWORDS, &key)?.filter(|wrong| still_count(wrong, now, policy));
            let failures = before.map_or(0, |wrong| wrong.failures) + 1;
            let locks = failures >= policy.threshold;
            if locks {
                store.record(&event)?;
            }
            let locked_until = locks.then(|| now + policy.duration);
            let attempts = PasswordAttempts { key, failures, last_failure_at: now, locked_until };
            store.put(&WRONG_PASSWORDS, &key, &attempts)?;
            Ok(FailureOutcome::Admitted { locks })
        })
        .await
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError> {
        self.write(move |store| {
            if let Some(until) = lock(store, key, now)? {
                return Ok(SuccessOutcome::Locked { until });
            }
            store.remove(&WRONG_PASSWORDS, &key)?;
            Ok(SuccessOutcome::Admitted)
        })
        .await
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(move |store| {
            let mut deleted = 0;
            for stale in store.first(&WRONG_PASSWORDS, limit, |wrong| wrong.last_failure_at < before)? {
                store.remove(&WRONG_PASSWORDS, &stale.key)?;
                deleted += 1;
            }
            for stale in store.first(&WRONG_CODES, limit - deleted, |wrong| wrong.last_failure_at < before)? {
                store.remove(&WRONG_CODES, &stale.key)?;
                deleted += 1;
            }
            Ok(deleted)
        })
        .await
    }
}

/// Whether these are in a row with one at `now`, which no lock refuses.
fn still_count(wrong: &PasswordAttempts, now: Timestamp, policy: LockoutPolicy) -> bool {
    wrong.locked_until.is_none() && now < wrong.last_failure_at + policy.forgotten_after()
}

/// Until when `key` is locked, if it is at `now`.
pub(crate) fn lock(
    store: &impl Reads,
    key: AttemptKey,
    now: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let wrong = store.get(&WRONG_PASSWORDS, &key)?;
    Ok(wrong.and_then(|wrong| wrong.locked_until).filter(|until| now < *until))
}
