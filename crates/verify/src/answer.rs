use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::outcome::{Finding, Unshown, ensure};

/// An answer of the service, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Which call it answers, for messages: method and path, without anything secret.
    pub(crate) call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// From the first octet sent to the last received.
    pub(crate) took: Duration,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The machine-readable code of a problem; empty if it is none.
    pub(crate) fn code(&self) -> String {
        self.body()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn is(&self, status: u16, code: &str) -> bool {
        self.status == status && self.code() == code
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the call was refused before it was looked at, because there were too many.
    pub(crate) fn is_rate_limited(&self) -> bool {
        self.status == 429 && !["account_locked", "too_many_attempts"].contains(&self.code().as_str())
    }

    /// Whether the call may as well be repeated: it was refused before it did anything.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_rate_limited() || self.status == 503
    }

    /// How long to wait before the call is repeated.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER.as_str())?.parse().ok().map(Duration::from_secs)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, if this is the answer that the contract asks for.
    pub(crate) fn json(&self, status: u16) -> Finding<Value> {
        ensure(self.status == status, || self.instead_of(&status.to_string()))?;
        Ok(self.body())
    }

    /// Holds if this is that problem.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Finding<()> {
        ensure(self.is(status, code), || self.instead_of(&format!("{status} {code}")))
    }

    /// A member of the body that must be text.
    pub(crate) fn text_of(&self, member: &str) -> Finding {
        let text = self.body()[member].as_str().map(str::to_owned);
        text.ok_or_else(|| Unshown::Broken(format!("{} was answered without {member}", self.call)))
    }

    /// What was answered instead of what must be.
    pub(crate) fn instead_of(&self, expected: &str) -> String {
        format!("{} was answered {} instead of {expected}", self.call, self.summary())
    }

    /// Status and code.
    pub(crate) fn summary(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }

    /// All that a client sees, but for what differs from request to request: ids, the time, and how many
    /// calls are left.
    pub(crate) fn likeness(&self) -> String {
        const OF_THE_REQUEST: [&str; 5] = ["x-request-id", "date", "ratelimit", "connection", "keep-alive"];
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !OF_THE_REQUEST.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort_unstable();
        let text = match self.header("x-request-id") {
            Some(id) if !id.is_empty() => self.text.replace(id, "ID"),
            _ => self.text.clone(),
        };
        format!("{}\n{}\n\n{text}", self.status, headers.join("\n"))
    }
}

/// How often each status was answered, such as `1 × 200, 19 × 400`.
pub(crate) fn tally(answers: &[Answer]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.summary()).or_insert(0) += 1;
    }
    counts.iter().map(|(summary, count)| format!("{count} × {summary}")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], text: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer {
            call: "POST /login".to_owned(),
            status,
            headers: headers.collect(),
            text: text.to_owned(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn answers_are_alike_but_for_ids_and_time() {
        let first = answer(401, &[("x-request-id", "a1"), ("date", "Mon")], r#"{"instance":"urn:a1"}"#);
        let same = answer(401, &[("date", "Tue"), ("x-request-id", "b2")], r#"{"instance":"urn:b2"}"#);
        let telling = answer(401, &[("x-request-id", "c3"), ("x-known", "1")], r#"{"instance":"urn:c3"}"#);
        let longer = answer(401, &[("x-request-id", "d4")], r#"{"instance":"urn:d4" }"#);
        assert_eq!(first.likeness(), same.likeness());
        assert_ne!(first.likeness(), telling.likeness());
        assert_ne!(first.likeness(), longer.likeness());
    }

    #[test]
    fn a_lockout_is_no_rate_limit() {
        let of =
            |status, code: &str| answer(status, &[("retry-after", "7")], &format!(r#"{{"code":"{code}"}}"#));
        assert!(of(429, "rate_limited").is_rate_limited());
        assert!(of(429, "").is_rate_limited(), "whoever stands in front may say it in other words");
        assert!(!of(429, "account_locked").is_passing());
        assert!(!of(429, "too_many_attempts").is_passing());
        assert!(of(503, "overloaded").is_passing());
        assert_eq!(of(503, "overloaded").retry_after(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_tally_counts_what_is_alike() {
        let answers =
            [answer(200, &[], ""), answer(400, &[], r#"{"code":"invalid_token"}"#), answer(200, &[], "")];
        assert_eq!(tally(&answers), "2 × 200, 1 × 400 invalid_token");
    }
}
