use portcullis_domain::Timestamp;
use portcullis_domain::ports::Clock;
use time::OffsetDateTime;

/// The clock of the operating system, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}
