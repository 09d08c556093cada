//! One measurement, taken in several rounds.

/// The results of one measurement, round by round.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    /// What `figure` takes from each of `rounds`, of which there is one at least.
    pub(crate) fn of<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> Self {
        let mut results: Vec<_> = rounds.iter().map(figure).collect();
        assert!(!results.is_empty(), "there is a round");
        results.sort_by(f64::total_cmp);
        Self(results)
    }

    /// The middle result, or the mean of the two middle ones.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 { self.0[middle] } else { f64::midpoint(self.0[middle - 1], self.0[middle]) }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(results: &[f64]) -> f64 {
        Rounds::of(results, |result| *result).median()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn the_median_is_the_middle_of_the_sorted_results() {
        assert_eq!(median(&[7.0]), 7.0);
        assert_eq!(median(&[9.0, 1.0, 4.0]), 4.0);
        assert_eq!(median(&[9.0, 1.0, 4.0, 5.0]), 4.5);
    }
}
