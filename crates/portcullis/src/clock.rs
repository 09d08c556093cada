//! The clock of the system.

use portcullis_domain::Timestamp;
use portcullis_domain::ports::Clock;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The clock of the operating system, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}

/// A moment as people and programs read it (RFC 3339).
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    OffsetDateTime::from(moment).format(&Rfc3339).expect("the years of timestamps have four digits")
}
