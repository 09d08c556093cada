//! How long answers took.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The distribution of the times that answers took, in microseconds and to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// Whatever takes longer counts as this.
    const LONGEST: Duration = Duration::from_mins(1);
    const DIGITS: u8 = 3;

    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_max(micros(Self::LONGEST), Self::DIGITS);
        Self(histogram.expect("the bounds are those of a histogram"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(micros(latency));
    }

    /// As [`record`](Self::record), for who would have asked every `pause`: also the requests that were not sent because
    /// this answer did not come, with the time that each would have waited for it. Who does not pause, and is there to see
    /// how much can be done, misses none.
    pub(crate) fn record_with_missed(&mut self, latency: Duration, pause: Duration) {
        let latency = micros(latency.min(Self::LONGEST));
        self.0.record_correct(latency, micros(pause)).expect("it is within the bounds");
    }

    /// The time within which `share` of the answers came, a number from 0 to 1; zero when there were none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Within the three digits that are kept.
    fn assert_close(actual: Duration, expected: Duration) {
        let off = actual.abs_diff(expected).as_secs_f64() / expected.as_secs_f64();
        assert!(off < 0.001, "{actual:?} instead of {expected:?}");
    }

    #[test]
    fn a_quantile_is_the_time_within_which_that_share_was_answered() {
        let mut latencies = Latencies::new();
        for number in 1..=1_000 {
            latencies.record(Duration::from_micros(number * 37));
        }
        assert_close(latencies.quantile(0.5), Duration::from_micros(500 * 37));
        assert_close(latencies.quantile(0.99), Duration::from_micros(990 * 37));
        assert_close(latencies.quantile(1.0), Duration::from_millis(37));
    }

    #[test]
    fn one_slow_answer_in_a_hundred_is_not_within_the_first_99() {
        let mut latencies = Latencies::new();
        for _ in 0..99 {
            latencies.record(Duration::from_micros(80));
        }
        latencies.record(Duration::from_millis(700));
        assert_close(latencies.quantile(0.99), Duration::from_micros(80));
        assert_close(latencies.quantile(0.991), Duration::from_millis(700));
    }

    #[test]
    fn who_is_kept_waiting_would_have_asked_meanwhile() {
        let (mut missed, pause) = (Latencies::new(), Duration::from_millis(10));
        for _ in 0..98 {
            missed.record_with_missed(Duration::from_micros(80), pause);
        }
        missed.record_with_missed(Duration::from_millis(500), pause);
        // 98 quick answers beside those after 500, 490, …, 10 ms.
        assert_close(missed.quantile(0.66), Duration::from_micros(80));
        assert_close(missed.quantile(0.99), Duration::from_millis(490));
    }

    #[test]
    fn what_takes_too_long_counts_as_the_longest() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_hours(1));
        assert_close(latencies.quantile(0.5), Latencies::LONGEST);
    }
}
