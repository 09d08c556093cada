//! A duration as a reader counts it.

use std::time::Duration;

use minijinja::Value;

const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

/// The terms of `lifetime`, largest first, as the locale's `lifetime.txt` puts them into words: 90 s
/// are 1 minute and 30 seconds.
///
/// At most two neighbouring units, the rest cut off: a mail may promise less than is kept. Days count
/// from two on, since "24 hours" says more clearly than "1 day" that it ends at this time of day.
pub(crate) fn terms(lifetime: Duration) -> Vec<Value> {
    let seconds = lifetime.as_secs();
    let largest = match seconds {
        172_800.. => 0,
        3_600.. => 1,
        60.. => 2,
        _ => 3,
    };
    let mut rest = seconds;
    UNITS[largest..]
        .iter()
        .take(2)
        .map(|(unit, length)| {
            let count = rest / length;
            rest %= length;
            (*unit, count)
        })
        .enumerate()
        .filter(|(position, (_, count))| *position == 0 || *count > 0)
        .map(|(_, (unit, count))| minijinja::context! { unit, count })
        .collect()
}
