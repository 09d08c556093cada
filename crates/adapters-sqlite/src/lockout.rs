//! [`LockoutRepository`]: wrong passwords in a row.

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::ports::{
    FailedAttempt, FailureOutcome, LockoutPolicy, LockoutRepository, StorageError, SuccessOutcome,
};
use portcullis_domain::{AttemptKey, Timestamp};

use crate::audit_trail;
use crate::errors::Failure;
use crate::schema::{code_attempts, password_attempts};
use crate::store::SqliteStore;
use crate::sweep::delete_oldest;

#[async_trait]
impl LockoutRepository for SqliteStore {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        self.look_up(move |connection| Ok(Count::find(connection, key)?.and_then(|count| count.lock_at(now))))
            .await
    }

    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError> {
        self.write(move |connection| record_failure(connection, &attempt)).await
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError> {
        self.write(move |connection| {
            let count = Count::find(connection, key)?;
            if let Some(until) = count.and_then(|count| count.lock_at(now)) {
                return Ok(SuccessOutcome::Locked { until });
            }
            forget(connection, key)?;
            Ok(SuccessOutcome::Admitted)
        })
        .await
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write_alone(move |connection| {
            let mut left = limit;
            left -= delete_oldest!(password_attempts, key: key, moment: last_failure_at, connection, before, left)?;
            left -= delete_oldest!(code_attempts, key: key, moment: last_failure_at, connection, before, left)?;
            Ok(limit - left)
        })
        .await
    }
}

/// Wrong passwords in a row, as stored.
#[derive(Clone, Copy, Insertable, Queryable, Selectable)]
#[diesel(table_name = password_attempts, treat_none_as_default_value = false)]
pub(crate) struct Count {
    failures: i64,
    last_failure_at: i64,
    locked_until: Option<i64>,
}

impl Count {
    pub(crate) fn find(connection: &mut SqliteConnection, key: AttemptKey) -> QueryResult<Option<Self>> {
        password_attempts::table
            .find(key.as_bytes())
            .select(Self::as_select())
            .get_result(connection)
            .optional()
    }

    /// Until when it locks its key, if it does at `now`.
    pub(crate) fn lock_at(self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.map(Timestamp::from_unix_micros).filter(|until| now < *until)
    }

    /// Whether the next failure begins a new count: a lock is over, or the last failure is long ago.
    fn is_over(self, now: Timestamp, policy: LockoutPolicy) -> bool {
        let age = now.since(Timestamp::from_unix_micros(self.last_failure_at));
        self.locked_until.is_some() || age >= policy.forgotten_after()
    }
}

fn record_failure(
    connection: &mut SqliteConnection,
    attempt: &FailedAttempt,
) -> Result<FailureOutcome, Failure> {
    let FailedAttempt { key, now, policy, ref failure, ref lock } = *attempt;
    if policy.threshold == 0 {
        audit_trail::insert(connection, failure)?;
        return Ok(FailureOutcome::Admitted { locks: false });
    }
    let count = Count::find(connection, key)?;
    if let Some(until) = count.and_then(|count| count.lock_at(now)) {
        return Ok(FailureOutcome::Locked { until });
    }
    let before = count.filter(|count| !count.is_over(now, policy)).map_or(0, |count| count.failures);
    let failures = before + 1;
    let locks = failures >= policy.threshold.into();
    let count = Count {
        failures,
        last_failure_at: now.unix_micros(),
        locked_until: locks.then(|| (now + policy.duration).unix_micros()),
    };
    diesel::replace_into(password_attempts::table)
        .values((password_attempts::key.eq(key.as_bytes()), count))
        .execute(connection)?;
    audit_trail::insert(connection, failure)?;
    if locks {
        audit_trail::insert(connection, lock)?;
    }
    Ok(FailureOutcome::Admitted { locks })
}

/// Sets a count of wrong passwords to zero, and with it lifts a lock.
pub(crate) fn forget(connection: &mut SqliteConnection, key: AttemptKey) -> QueryResult<()> {
    diesel::delete(password_attempts::table.find(key.as_bytes())).execute(connection)?;
    Ok(())
}

/// Sets a count of wrong codes to zero, also within the hour.
pub(crate) fn forget_codes(connection: &mut SqliteConnection, key: AttemptKey) -> QueryResult<()> {
    diesel::delete(code_attempts::table.find(key.as_bytes())).execute(connection)?;
    Ok(())
}
