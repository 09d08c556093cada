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
    /// How long it takes until one more is let in.
    each: Duration,
    /// When as many are let in at once as ever are, if nobody calls until then.
    full_at: Instant,
}

impl Allowances {
    /// Takes in what an answer says.
    ///
    /// Answers to calls at once arrive in any order, and each tells what was left when its call was let in.
    /// Only time gives back, so the one that puts the full allowance off the furthest knows the most.
    pub(super) fn learn(&mut self, method: &Method, path: &str, answer: &Answer) {
        let Some((policy, mut allowance)) = answer
            .header("ratelimit-policy")
            .zip(answer.header("ratelimit"))
            .and_then(|(policy, state)| Allowance::read(policy, state))
        else {
            return;
        };
        if let Some(known) = self.states.get(policy) {
            allowance.full_at = allowance.full_at.max(known.full_at);
        }
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
        let until_full = allowance.full_at.saturating_duration_since(Instant::now());
        until_full.saturating_sub(allowance.each * (allowance.quota - wanted))
    }
}

impl Allowance {
    /// `"login";q=30;w=60` and `"login";r=29;t=2`.
    fn read<'a>(policy: &'a str, state: &str) -> Option<(&'a str, Self)> {
        let name = policy.split(';').next()?.trim();
        let quota: u32 = parameter(policy, "q")?;
        let each = Duration::from_secs(parameter(policy, "w")?.into()) / quota.max(1);
        let missing = quota.saturating_sub(parameter(state, "r")?);
        Some((name, Self { quota, each, full_at: Instant::now() + each * missing }))
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

    #[test]
    fn what_is_left_is_told_by_the_answer_that_was_let_in_last_whichever_arrives_last() {
        let mut allowances = Allowances::default();
        for left in ["\"register\";r=2;t=2", "\"register\";r=0;t=4", "\"register\";r=3;t=1"] {
            allowances.learn(&Method::POST, "/register", &limited("\"register\";q=4;w=4", left));
        }
        let room_in = allowances.room_in(&Method::POST, "/register", 20);
        assert!(room_in > Duration::from_secs(3) && room_in <= Duration::from_secs(4), "{room_in:?}");
    }
}
