//! Wrong codes for an address: how many since the last one was issued, and within the hour.

use std::time::Duration;

use diesel::prelude::*;
use portcullis_domain::ports::{CodeOutcome, CodeRedemption};
use portcullis_domain::{AttemptKey, Timestamp};

use crate::kept::ExecuteKept as _;
use crate::schema::code_attempts;

/// Wrong codes for an address, as stored.
#[derive(Clone, Copy, Insertable, Queryable, Selectable)]
#[diesel(table_name = code_attempts)]
pub(super) struct CodeCount {
    since_issued: i64,
    within_hour: i64,
    hour_started_at: i64,
    last_failure_at: i64,
}

impl CodeCount {
    const HOUR: Duration = Duration::from_hours(1);

    /// The count as it is at the redemption, whose moment may begin another hour.
    pub(super) fn find(connection: &mut SqliteConnection, redemption: &CodeRedemption) -> QueryResult<Self> {
        let stored = code_attempts::table
            .find(redemption.attempts.as_bytes())
            .select(Self::as_select())
            .get_result(connection)
            .optional()?;
        let now = redemption.now.unix_micros();
        let unused = Self { since_issued: 0, within_hour: 0, hour_started_at: now, last_failure_at: now };
        Ok(stored.map_or(unused, |count| {
            if redemption.now < count.hour_ends_at() {
                count
            } else {
                Self { since_issued: count.since_issued, ..unused }
            }
        }))
    }

    fn hour_ends_at(self) -> Timestamp {
        Timestamp::from_unix_micros(self.hour_started_at) + Self::HOUR
    }

    pub(super) fn exhausted(self, redemption: &CodeRedemption) -> Option<CodeOutcome> {
        if self.within_hour >= redemption.limits.per_hour.into() {
            Some(CodeOutcome::Exhausted { until: Some(self.hour_ends_at()) })
        } else if self.since_issued >= redemption.limits.per_code.into() {
            Some(CodeOutcome::Exhausted { until: None })
        } else {
            None
        }
    }

    pub(super) fn store_one_more(
        self,
        connection: &mut SqliteConnection,
        redemption: &CodeRedemption,
    ) -> QueryResult<()> {
        let count = Self {
            since_issued: self.since_issued + 1,
            within_hour: self.within_hour + 1,
            hour_started_at: self.hour_started_at,
            last_failure_at: redemption.now.unix_micros(),
        };
        diesel::replace_into(code_attempts::table)
            .values((code_attempts::key.eq(redemption.attempts.as_bytes()), count))
            .execute(connection)?;
        Ok(())
    }

    /// Lets codes count from zero, within the same hour: another one is issued.
    pub(super) fn begin_anew(connection: &mut SqliteConnection, key: AttemptKey) -> QueryResult<()> {
        diesel::update(code_attempts::table.find(key.as_bytes()))
            .set(code_attempts::since_issued.eq(0))
            .execute_kept(connection)?;
        Ok(())
    }
}
