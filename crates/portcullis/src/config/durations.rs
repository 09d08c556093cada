//! Settings that are a length of time.

use std::time::Duration;

use super::form::{Form, Refusal};

const MINUTE: u64 = 60;
/// In seconds.
pub(super) const HOUR: u64 = 60 * MINUTE;
/// In seconds.
pub(super) const DAY: u64 = 24 * HOUR;
/// In seconds.
pub(super) const YEAR: u64 = 365 * DAY;

/// From `MIN` to `MAX` seconds, written for people: `90s`, `1h 30m`, `7d`.
pub struct Span<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Form for Span<MIN, MAX> {
    type Value = Duration;

    fn allowed() -> String {
        format!("a duration from {} to {}, such as `90s` or `1h`", in_words(MIN), in_words(MAX))
    }

    fn parse(text: &str) -> Result<Duration, Refusal> {
        let span = humantime::parse_duration(text)
            .map_err(|_| Refusal::new("is not a number followed by a unit of time"))?;
        if span < Duration::from_secs(MIN) {
            Err(Refusal::new(format!("is shorter than {}", in_words(MIN))))
        } else if span > Duration::from_secs(MAX) {
            Err(Refusal::new(format!("is longer than {}", in_words(MAX))))
        } else {
            Ok(span)
        }
    }
}

/// In days at most: what humantime calls a year is not one of 365 days.
fn in_words(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
        _ if seconds.is_multiple_of(HOUR) => format!("{}h", seconds / HOUR),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lifetime = Span<1, { 10 * YEAR }>;

    #[test]
    fn durations_are_written_for_people() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("1h 30m", 5_400), ("3650d", 10 * YEAR)] {
            assert_eq!(Lifetime::parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn durations_end_at_their_bounds() {
        for text in ["0s", "999ms", "3650d 1ns", "-1s", "30", "soon", "", "1e3s", "99999999999999999999d"] {
            assert!(Lifetime::parse(text).is_err(), "{text}");
        }
        assert_eq!(Span::<0, HOUR>::parse("0s"), Ok(Duration::ZERO));
        assert!(Span::<0, HOUR>::parse("61m").is_err());
    }
}
