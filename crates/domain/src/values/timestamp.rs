use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in UTC, in whole microseconds, which every store keeps exactly.
///
/// Arithmetic saturates at the ends of the range (1970 to the end of 9999), so a hostile or
/// mistaken duration cannot make it panic or wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment: 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last moment that RFC 3339 can write: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The moment `micros` microseconds after the Unix epoch, held within the range.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down, as JWT claims count them.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// Milliseconds since the Unix epoch, as `UUIDv7` counts them.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        (self.0 / 1_000).cast_unsigned()
    }

    /// When the day of this moment began, in UTC.
    #[must_use]
    pub const fn start_of_day(self) -> Self {
        const DAY: i64 = 86_400_000_000;
        Self(self.0 - self.0 % DAY)
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros((self.0 - earlier.0).max(0).cast_unsigned())
    }
}

impl fmt::Display for Timestamp {
    /// As RFC 3339 writes it, with as many digits of a second as are needed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from(*self).format(&Rfc3339).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_unix_micros(self.0.saturating_add(micros))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_unix_micros(self.0.saturating_sub(micros))
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(moment: OffsetDateTime) -> Self {
        let micros = moment.unix_timestamp_nanos() / 1_000;
        Self::from_unix_micros(i64::try_from(micros).unwrap_or(Self::MAX.0))
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_unix_timestamp_nanos(i128::from(timestamp.0) * 1_000)
            .expect("a timestamp lies between the years 1970 and 9999")
    }
}
