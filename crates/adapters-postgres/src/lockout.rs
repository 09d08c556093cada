//! [`LockoutRepository`]: wrong passwords in a row.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::ports::{
    FailedAttempt, FailureOutcome, LockoutRepository, StorageError, SuccessOutcome,
};
use portcullis_domain::{AttemptKey, Timestamp};

use crate::audit_trail::{append, store_event_if_any, store_second_event_if_any, with_event};
use crate::errors::Failure;
use crate::moment::Moment;
use crate::schema::password_attempts;
use crate::statement::statement;
use crate::store::PostgresStore;
use crate::sweep::{Sweep, sweep};

#[async_trait]
impl LockoutRepository for PostgresStore {
    async fn locked_until(&self, key: AttemptKey, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
        self.look_up((key, now), |connection, &(key, now)| {
            async move { Ok(locked_until(connection, key, now).await?) }.boxed()
        })
        .await
    }

    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError> {
        self.write(attempt, |connection, attempt| record_failure(connection, attempt).boxed()).await
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError> {
        self.write((key, now), |connection, &(key, now)| record_success(connection, key, now).boxed()).await
    }

    async fn delete_stale(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(Sweep { before, limit }, |connection, stale| {
            sweep(connection, DELETE_STALE, stale).boxed()
        })
        .await
    }
}

const LOCKED_UNTIL: &str = "SELECT locked_until FROM password_attempts WHERE key = $1 AND locked_until > $2";

/// Until when `key` is locked, if it is at `now`.
pub(crate) async fn locked_until(
    mut connection: &AsyncPgConnection,
    key: AttemptKey,
    now: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    let until: Option<Moment> = statement(LOCKED_UNTIL)
        .bind::<sql::Bytea, _>(key.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .returning_columns::<sql::Timestamptz>()
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(until.map(|until| until.0))
}

/// Counts one more, unless the key is locked, and says whether that locks it. A lock that is over, and a last
/// failure that is long ago, begin the count anew.
///
/// $19 the key, $20 the moment, $21 how many lock it, $22 until when, $23 how long ago is long.
const COUNT_FAILURE: &str = concat!(
    "
WITH counted AS (
    INSERT INTO password_attempts AS count (key, failures, last_failure_at, locked_until)
    VALUES ($19, 1, $20, CASE WHEN 1 >= $21 THEN $22::timestamptz END)
    ON CONFLICT (key) DO UPDATE SET
        failures = 1 + CASE
            WHEN count.locked_until IS NOT NULL OR count.last_failure_at <= $23 THEN 0 ELSE count.failures
        END,
        last_failure_at = $20,
        locked_until = CASE WHEN 1 + CASE
            WHEN count.locked_until IS NOT NULL OR count.last_failure_at <= $23 THEN 0 ELSE count.failures
        END >= $21 THEN $22::timestamptz END
    WHERE count.locked_until IS NULL OR count.locked_until <= $20
    RETURNING count.locked_until
), locking AS (
    SELECT counted.locked_until FROM counted WHERE counted.locked_until IS NOT NULL
), failure_told AS (",
    store_event_if_any!("counted"),
    "), lock_told AS (",
    store_second_event_if_any!("locking"),
    ")
SELECT EXISTS (SELECT FROM locking) FROM counted"
);

async fn record_failure(
    connection: &AsyncPgConnection,
    attempt: &FailedAttempt,
) -> Result<FailureOutcome, Failure> {
    let &FailedAttempt { key, now, policy, ref failure, ref lock } = attempt;
    if policy.threshold == 0 {
        append(connection, failure).await?;
        return Ok(FailureOutcome::Admitted { locks: false });
    }
    let count = with_event(with_event(statement(COUNT_FAILURE), failure), lock)
        .bind::<sql::Binary, _>(key.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .bind::<sql::BigInt, _>(i64::from(policy.threshold))
        .bind::<sql::Timestamptz, _>(Moment(now + policy.duration))
        .bind::<sql::Timestamptz, _>(Moment(now - policy.forgotten_after()))
        .returning_columns::<sql::Bool>();
    let count = async { count.get_result::<bool>(&mut &*connection).await.optional() };
    match try_join!(count, locked_until(connection, key, now))? {
        (Some(locks), _) => Ok(FailureOutcome::Admitted { locks }),
        (None, Some(until)) => Ok(FailureOutcome::Locked { until }),
        (None, None) => Err(Failure::Overtaken),
    }
}

async fn record_success(
    mut connection: &AsyncPgConnection,
    key: AttemptKey,
    now: Timestamp,
) -> Result<SuccessOutcome, Failure> {
    let is_free = password_attempts::locked_until.is_null();
    let is_free = is_free.or(password_attempts::locked_until.le(Moment(now)).assume_not_null());
    let count = password_attempts::table.find(key.as_bytes().as_slice()).filter(is_free);
    let forget = diesel::delete(count).execute(&mut connection);
    let (forgotten, lock) = try_join!(forget, locked_until(connection, key, now))?;
    // A count that was forgotten was none that locked, whatever was counted since.
    Ok(lock
        .filter(|_| forgotten == 0)
        .map_or(SuccessOutcome::Admitted, |until| SuccessOutcome::Locked { until }))
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
