use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditKind, AuditOutcome};
use crate::ports::{AuditTally, AuditTrail, Clock, DayCount, StorageError};
use crate::values::Timestamp;

/// Shows how often something happened, day by day.
pub struct CountAuditEvents {
    pub(super) trail: Arc<dyn AuditTrail>,
    pub(super) clock: Arc<dyn Clock>,
}

/// How often something happened of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCounts {
    /// The last days, today being the last of them; also those on which nothing happened.
    pub days: Vec<AuditDay>,
    /// False when there were more than are counted at once: then the first days are short of some, or of all.
    pub is_whole: bool,
}

/// How often something happened on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditDay {
    /// When the day began, in UTC.
    pub day: Timestamp,
    /// How often it succeeded.
    pub successes: u64,
    /// How often it did not.
    pub failures: u64,
}

impl CountAuditEvents {
    /// How many days are counted, today among them.
    pub const DAYS: u32 = 30;
    /// How many events are counted at most: so many that it shows how things go, and so few that it costs an
    /// instance no more than a fraction of a second.
    pub const AT_MOST: u32 = 100_000;

    /// How often `kind` happened on each of the last days.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn count(&self, kind: AuditKind) -> Result<AuditCounts, StorageError> {
        const DAY: Duration = Duration::from_hours(24);
        let first = self.clock.now().start_of_day() - DAY * (Self::DAYS - 1);
        let day = |number| AuditDay { day: first + DAY * number, successes: 0, failures: 0 };
        let mut days: BTreeMap<Timestamp, AuditDay> =
            (0..Self::DAYS).map(day).map(|day| (day.day, day)).collect();
        let tally = AuditTally { kind, since: first, at_most: Self::AT_MOST };
        let mut counted = 0;
        for DayCount { day, outcome, events } in self.trail.count_by_day(tally).await? {
            counted += events;
            // An instance whose clock is ahead may have begun the next day.
            let Some(day) = days.get_mut(&day) else { continue };
            match outcome {
                AuditOutcome::Success => day.successes += events,
                AuditOutcome::Failure => day.failures += events,
            }
        }
        Ok(AuditCounts { days: days.into_values().collect(), is_whole: counted < Self::AT_MOST.into() })
    }
}
