//! Removing in small steps what time has made worthless.

use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portcullis_domain::Timestamp;

use crate::errors::Failure;
use crate::moment::Moment;
use crate::statement::statement;

/// What a sweep may delete.
#[derive(Clone, Copy)]
pub(crate) struct Sweep {
    /// Only what was over before this moment.
    pub(crate) before: Timestamp,
    /// At most so many rows.
    pub(crate) limit: u32,
}

/// Deletes with a statement that takes the moment and the limit, and gives the number of rows.
///
/// Such a statement passes over what somebody else holds at the moment (`SKIP LOCKED`): instances that
/// sweep at the same time neither wait for each other nor for anybody who signs in. It gathers the keys
/// into an array first, so that PostgreSQL looks for them once, whatever it does to delete.
pub(crate) async fn sweep(
    mut connection: &AsyncPgConnection,
    text: &'static str,
    sweep: &Sweep,
) -> Result<u32, Failure> {
    let deleted: i64 = statement(text)
        .bind::<sql::Timestamptz, _>(Moment(sweep.before))
        .bind::<sql::BigInt, _>(i64::from(sweep.limit))
        .returning_columns::<sql::BigInt>()
        .get_result(&mut connection)
        .await?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}
