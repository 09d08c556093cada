use std::fmt;
use std::time::Duration;

/// How long answers took that should take the same work.
#[derive(Default)]
pub(super) struct Comparison {
    /// Of calls that do no work: what the way there and back takes.
    pub(super) idle: Vec<Duration>,
    pub(super) known: Vec<Duration>,
    pub(super) unknown: Vec<Duration>,
}

impl Comparison {
    /// What the medians of a network and of a busy machine differ by from one moment to the next.
    const NOISE: Duration = Duration::from_millis(5);

    /// Whether the work is the same: their medians differ by no more than noise, or by no more than a
    /// third of the work. A hash that is not computed is all of it.
    pub(super) fn is_alike(&self) -> bool {
        let (known, unknown) = (median(&self.known), median(&self.unknown));
        let work = known.max(unknown).saturating_sub(median(&self.idle));
        known.abs_diff(unknown) <= Self::NOISE.max(work / 3)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |times: &[Duration]| median(times).as_secs_f64() * 1_000.0;
        write!(
            formatter,
            "medians of {}: known {:.1} ms, unknown {:.1} ms",
            self.known.len(),
            milliseconds(&self.known),
            milliseconds(&self.unknown)
        )
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(idle: u64, known: u64, unknown: u64) -> Comparison {
        let around = |middle: u64| [middle, middle + 1, 900, middle, 0].map(Duration::from_millis).to_vec();
        Comparison { idle: around(idle), known: around(known), unknown: around(unknown) }
    }

    #[test]
    fn a_hash_that_is_not_computed_shows_near_and_far() {
        assert!(!comparison(1, 26, 2).is_alike());
        assert!(!comparison(201, 226, 202).is_alike(), "though it is a ninth of the time");
    }

    #[test]
    fn noise_does_not_show() {
        assert!(comparison(1, 26, 29).is_alike());
        assert!(comparison(1, 300, 220).is_alike(), "costly hashes take their time");
        assert!(comparison(1, 2, 6).is_alike());
    }
}
