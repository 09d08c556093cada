//! How many calls a route group takes.

use std::collections::HashSet;

use portcullis_http_actix::RouteGroup;
pub use portcullis_http_actix::{Rate, RateLimits};

use super::durations::{DAY, Span};
use super::form::{Form, Refusal};

/// What holds for the groups that nobody names.
pub(super) const DEFAULT: &str =
    "login=30/1m,register=10/1m,reset=5/1m,verify=10/1m,refresh=60/1m,other=600/1m";

impl Form for RateLimits {
    type Value = Self;

    fn allowed() -> String {
        let [firsts @ .., last] = RouteGroup::ALL.map(|group| format!("`{group}`"));
        let firsts = firsts.join(", ");
        format!("`GROUP=CALLS/DURATION` between commas, where the groups are {firsts} and {last}")
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut limits = Self::default();
        let mut named = HashSet::new();
        for entry in text.split(',') {
            let (group, rate) =
                entry.split_once('=').ok_or_else(|| Refusal::new("has an entry without ="))?;
            let group = parse_group(group.trim())?;
            *limits.of_mut(group) = parse_rate(rate.trim())?;
            if !named.insert(group) {
                return Err(Refusal::new("names a group twice"));
            }
        }
        Ok(limits)
    }
}

fn parse_group(name: &str) -> Result<RouteGroup, Refusal> {
    let named = RouteGroup::ALL.into_iter().find(|group| group.name() == name);
    named.ok_or_else(|| Refusal::new("names an unknown group"))
}

fn parse_rate(text: &str) -> Result<Rate, Refusal> {
    let (calls, period) = text.split_once('/').ok_or_else(|| Refusal::new("has a rate without /"))?;
    let calls = calls.parse().map_err(|_| Refusal::new("has a rate that starts with no number from 1"))?;
    Ok(Rate { calls, period: Span::<1, DAY>::parse(period)? })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    fn a_minute(calls: u32) -> Rate {
        Rate { calls: NonZeroU32::new(calls).unwrap(), period: Duration::from_mins(1) }
    }

    #[test]
    fn the_default_is_what_is_usual_elsewhere() {
        assert_eq!(RateLimits::parse(DEFAULT), Ok(RateLimits::default()));
    }

    #[test]
    fn groups_left_out_keep_their_default() {
        let limits = RateLimits::parse("login=5/1h, refresh=7/1m").unwrap();
        assert_eq!(limits.login.period, Duration::from_hours(1));
        assert_eq!(limits.refresh, a_minute(7));
        assert_eq!(limits.other, a_minute(600));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "login",
            "login=5",
            "login=0/1m",
            "login=5/0s",
            "login=5/soon",
            "logout=5/1m",
            "login=5/1m,login=6/1m",
        ] {
            assert!(RateLimits::parse(text).is_err(), "{text:?}");
        }
    }
}
