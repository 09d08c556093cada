use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::answer::Answer;

/// What the service says of its limits, in the headers `RateLimit` and `RateLimit-Policy`
/// (draft-ietf-httpapi-ratelimit-headers-11): by policy how much is left, and by call under which policy
/// it is counted.
#[derive(Default)]
pub(super) struct Allowances {
    policy_of: HashMap<(Method, String), String>,
    states: HashMap<String, Allowance>,
}

#[derive(Clone, Copy)]
struct Allowance {
    quota: u32,
    window: Duration,
    remaining: u32,
    at: Instant,
}

impl Allowances {
    /// Takes in what an answer says.
    pub(super) fn learn(&mut self, method: &Method, path: &str, answer: &Answer) {
        let Some((policy, allowance)) = answer
            .header("ratelimit-policy")
            .zip(answer.header("ratelimit"))
            .and_then(|(policy, state)| Allowance::read(policy, state))
        else {
            return;
        };
        self.states.insert(policy.to_owned(), allowance);
        self.policy_of.insert((method.clone(), path.to_owned()), policy.to_owned());
    }

    /// How long until so many callers are let in at once, or as many as ever are; zero where nothing is
    /// known.
    pub(super) fn room_in(&self, method: &Method, path: &str, callers: usize) -> Duration {
        let policy = self.policy_of.get(&(method.clone(), path.to_owned()));
        let Some(allowance) = policy.and_then(|policy| self.states.get(policy)) else {
            return Duration::ZERO;
        };
        let wanted = u32::try_from(callers).unwrap_or(u32::MAX).min(allowance.quota);
        let missing = wanted.saturating_sub(allowance.remaining);
        (allowance.window / allowance.quota.max(1) * missing).saturating_sub(allowance.at.elapsed())
    }
}

impl Allowance {
    /// `"login";q=30;w=60` and `"login";r=29;t=2`.
    fn read<'a>(policy: &'a str, state: &str) -> Option<(&'a str, Self)> {
        let name = policy.split(';').next()?.trim();
        let allowance = Self {
            quota: parameter(policy, "q")?,
            window: Duration::from_secs(parameter(policy, "w")?.into()),
            remaining: parameter(state, "r")?,
            at: Instant::now(),
        };
        Some((name, allowance))
    }
}

fn parameter(header: &str, name: &str) -> Option<u32> {
    header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(policy: &str, state: &str) -> Answer {
        let headers = [("ratelimit-policy", policy), ("ratelimit", state)]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer {
            call: String::new(),
            status: 200,
            headers: headers.into_iter().collect(),
            text: String::new(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn calls_of_one_policy_share_what_is_left() {
        let mut allowances = Allowances::default();
        assert!(allowances.room_in(&Method::POST, "/login", 20).is_zero());
        allowances.learn(&Method::POST, "/login", &limited("\"login\";q=30;w=60", "\"login\";r=29;t=2"));
        assert!(allowances.room_in(&Method::POST, "/login", 20).is_zero());
        allowances.learn(&Method::POST, "/change", &limited("\"login\";q=30;w=60", "\"login\";r=5;t=2"));
        let room_in = allowances.room_in(&Method::POST, "/login", 20);
        assert!(room_in > Duration::from_secs(29) && room_in <= Duration::from_secs(30), "{room_in:?}");
        let room_for_all = allowances.room_in(&Method::POST, "/login", 1_000);
        assert!(room_for_all <= Duration::from_secs(50), "more than the quota never fits: {room_for_all:?}");
    }
}
