//! [`LockoutRepository`]: wrong passwords in a row.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::ports::{Attempt, LockoutPolicy, LockoutRepository, StorageError};
use portcullis_domain::{AttemptKey, Timestamp};

use crate::errors::Failure;
use crate::moment::Moment;
use crate::schema::password_attempts;
use crate::statement::statement;
use crate::store::PostgresStore;
use crate::sweep::{Sweep, sweep};

#[async_trait]
impl LockoutRepository for PostgresStore {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        self.read((key, now), |connection, &(key, now)| {
            async move { Ok(locked_until(connection, key, now).await?) }.boxed()
        })
        .await
    }

    async fn record_failure(
        &self,
        key: AttemptKey,
        now: Timestamp,
        policy: LockoutPolicy,
    ) -> Result<Attempt, StorageError> {
        if policy.threshold == 0 {
            return Ok(Attempt::Admitted);
        }
        self.write((key, now, policy), |connection, &(key, now, policy)| {
            record_failure(connection, key, now, policy).boxed()
        })
        .await
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<Attempt, StorageError> {
        self.write((key, now), |connection, &(key, now)| record_success(connection, key, now).boxed()).await
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(Sweep { before, limit }, |connection, stale| {
            sweep(connection, DELETE_STALE, stale).boxed()
        })
        .await
    }
}

async fn locked_until(
    mut connection: &AsyncPgConnection,
    key: AttemptKey,
    now: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    let until: Option<Option<Moment>> = password_attempts::table
        .find(key.as_bytes().as_slice())
        .filter(password_attempts::locked_until.gt(Moment(now)))
        .select(password_attempts::locked_until)
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(until.flatten().map(|until| until.0))
}

/// Counts one more, unless the key is locked. A lock that is over, and a last failure that is long ago,
/// begin the count anew.
const COUNT_FAILURE: &str = "
INSERT INTO password_attempts AS count (key, failures, last_failure_at, locked_until)
VALUES ($1, 1, $2, CASE WHEN 1 >= $3 THEN $4::timestamptz END)
ON CONFLICT (key) DO UPDATE SET
    failures = 1 + CASE
        WHEN count.locked_until IS NOT NULL OR count.last_failure_at <= $5 THEN 0 ELSE count.failures
    END,
    last_failure_at = $2,
    locked_until = CASE WHEN 1 + CASE
        WHEN count.locked_until IS NOT NULL OR count.last_failure_at <= $5 THEN 0 ELSE count.failures
    END >= $3 THEN $4::timestamptz END
WHERE count.locked_until IS NULL OR count.locked_until <= $2";

async fn record_failure(
    mut connection: &AsyncPgConnection,
    key: AttemptKey,
    now: Timestamp,
    policy: LockoutPolicy,
) -> Result<Attempt, Failure> {
    let count = statement(COUNT_FAILURE)
        .bind::<sql::Binary, _>(key.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .bind::<sql::BigInt, _>(i64::from(policy.threshold))
        .bind::<sql::Timestamptz, _>(Moment(now + policy.duration))
        .bind::<sql::Timestamptz, _>(Moment(now - policy.forgotten_after()));
    let (counted, lock) = try_join!(count.execute(&mut connection), locked_until(connection, key, now))?;
    if counted == 1 { Ok(Attempt::Admitted) } else { lock.map(locked).ok_or(Failure::Overtaken) }
}

async fn record_success(
    mut connection: &AsyncPgConnection,
    key: AttemptKey,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let is_free = password_attempts::locked_until.is_null();
    let is_free = is_free.or(password_attempts::locked_until.le(Moment(now)).assume_not_null());
    let count = password_attempts::table.find(key.as_bytes().as_slice()).filter(is_free);
    let forget = diesel::delete(count).execute(&mut connection);
    let (forgotten, lock) = try_join!(forget, locked_until(connection, key, now))?;
    // A count that was forgotten was none that locked, whatever was counted since.
    Ok(lock.filter(|_| forgotten == 0).map_or(Attempt::Admitted, locked))
}

fn locked(until: Timestamp) -> Attempt {
    Attempt::Locked { until }
}

const DELETE_STALE: &str = "
WITH passwords AS (
    DELETE FROM password_attempts WHERE key = ANY (ARRAY(
        SELECT key FROM password_attempts WHERE last_failure_at < $1
        ORDER BY last_failure_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
), codes AS (
    DELETE FROM code_attempts WHERE key = ANY (ARRAY(
        SELECT key FROM code_attempts WHERE last_failure_at < $1
        ORDER BY last_failure_at LIMIT $2 - (SELECT count(*) FROM passwords) FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT (SELECT count(*) FROM passwords) + (SELECT count(*) FROM codes)";
