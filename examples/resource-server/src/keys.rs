use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long the issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The keys that the issuer publishes, as they were when they were last fetched.
pub(crate) struct Keys {
    url: String,
    client: reqwest::Client,
    limits: FetchLimits,
    /// Held while keys are fetched, so that any number of calls which need them wait for one fetch.
    copy: Mutex<Option<Fetched>>,
}

/// When keys are fetched.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// How long a copy is used. The issuer publishes a key for longer than that before it signs.
    pub longest_use: Duration,
    /// How long nothing is fetched after a fetch, whatever keys tokens name: anybody can make names up.
    pub shortest_pause: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { longest_use: Duration::from_mins(5), shortest_pause: Duration::from_secs(10) }
    }
}

struct Fetched {
    keys: JwkSet,
    fetched_at: Instant,
}

impl Keys {
    pub(crate) fn published_at(url: String, limits: FetchLimits) -> Self {
        Self { url, client: reqwest::Client::new(), limits, copy: Mutex::new(None) }
    }

    /// The key with this id; none when the issuer has no such key.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Jwk>, reqwest::Error> {
        let mut copy = self.copy.lock().await;
        let is_good_enough = copy.as_ref().is_some_and(|copy| {
            let age = copy.fetched_at.elapsed();
            age < self.limits.shortest_pause
                || (age < self.limits.longest_use && copy.keys.find(id).is_some())
        });
        if !is_good_enough {
            let keys = self.fetch().await?;
            *copy = Some(Fetched { keys, fetched_at: Instant::now() });
        }
        Ok(copy.as_ref().and_then(|copy| copy.keys.find(id)).cloned())
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        let answer = self.client.get(&self.url).timeout(PATIENCE).send().await?;
        answer.error_for_status()?.json().await
    }
}
