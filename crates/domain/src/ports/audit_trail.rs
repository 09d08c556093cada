use async_trait::async_trait;

use super::StorageError;
use crate::audit::{AuditEvent, AuditKind, AuditOutcome};
use crate::values::{AuditEventId, Timestamp, UserId};

/// Keeps what happened. Most events are stored by other ports, with the change that they tell of.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Stores an event that comes with no change.
    ///
    /// Proven by the case `events_are_kept_as_they_were_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is not stored.
    async fn append(&self, event: AuditEvent) -> Result<(), StorageError>;

    /// The events that `query` asks for, the greatest id first.
    ///
    /// MUST find them by an index: by a user, by a kind, or by their ids alone.
    ///
    /// Proven by the cases `events_are_kept_as_they_were_given`, `events_are_found_by_user_kind_and_time` and
    /// `events_are_listed_in_pages`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError>;

    /// How many events of a kind there were on each day that had any, by outcome, in any order.
    ///
    /// MUST find them by an index, and MUST count the newest `tally.at_most` of them and no others: so it costs
    /// no more, however many there are.
    ///
    /// Proven by the cases `events_are_counted_by_day_and_outcome` and `the_newest_events_are_counted`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn count_by_day(&self, tally: AuditTally) -> Result<Vec<DayCount>, StorageError>;

    /// Deletes up to `limit` events that happened before `before`, the oldest first, and says how many it
    /// deleted.
    ///
    /// Proven by the case `old_events_are_deleted_in_batches`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn delete_older(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError>;
}

/// Which events are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those that this user did or that concern them.
    pub user: Option<UserId>,
    /// Those of this kind.
    pub kind: Option<AuditKind>,
    /// Those at this moment or later.
    pub since: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
    /// Those with a smaller id than this one.
    pub before: Option<AuditEventId>,
    /// So many at most.
    pub limit: u32,
}

/// Which events are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditTally {
    /// Those of this kind.
    pub kind: AuditKind,
    /// Those at this moment or later.
    pub since: Timestamp,
    /// The newest so many.
    pub at_most: u32,
}

/// How many events of one kind and outcome there were on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DayCount {
    /// When the day began, in UTC.
    pub day: Timestamp,
    /// What came of them.
    pub outcome: AuditOutcome,
    /// How many.
    pub events: u64,
}
