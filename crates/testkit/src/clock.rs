use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use portcullis_domain::Timestamp;
use portcullis_domain::ports::Clock;

/// A clock that stands still until a test moves it.
///
/// ```
/// # use std::time::Duration;
/// use portcullis_domain::ports::Clock as _;
/// use portcullis_testkit::FrozenClock;
///
/// let clock = FrozenClock::default();
/// clock.advance(Duration::from_secs(10));
/// assert_eq!(clock.now(), FrozenClock::START + Duration::from_secs(10));
/// ```
#[derive(Debug)]
pub struct FrozenClock(AtomicI64);

impl FrozenClock {
    /// What it shows at first: 2026-03-01T12:00:00Z.
    pub const START: Timestamp = Timestamp::from_unix_micros(1_772_366_400_000_000);

    /// A clock that shows `moment`.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.unix_micros()))
    }

    /// Makes it show `moment`, which may lie in its past.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.unix_micros(), Ordering::SeqCst);
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}

impl Default for FrozenClock {
    fn default() -> Self {
        Self::at(Self::START)
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::SeqCst))
    }
}
