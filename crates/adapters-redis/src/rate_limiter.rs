use std::time::Duration;

use async_trait::async_trait;
use portcullis_http_actix::{Allowance, Caller, InProcessRateLimiter, Rate, RateLimiter, RouteGroup};

use crate::RedisUrl;
use crate::link::Link;

/// Where the server is, and how it is used.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Where it is.
    pub url: RedisUrl,
    /// How long a call waits for the server before it is counted without it; a tenth of a second unless set. A new
    /// connection may take ten times as long.
    pub patience: Duration,
}

impl RedisOptions {
    /// The usual options for this server.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self { url, patience: Duration::from_millis(100) }
    }
}

/// Counts calls together with all instances that use the same server and database.
///
/// While the server does not answer, calls are counted by this instance alone: at first the calls that were
/// under way wait for it in vain, until their [patience](RedisOptions::patience) is over; those that follow do
/// not wait. That this began and ended is told in the log, once each.
pub struct RedisRateLimiter {
    link: Link,
    alone: InProcessRateLimiter,
}

impl RedisRateLimiter {
    /// A limiter on a server, which is connected with once it answers.
    ///
    /// Has to be called on the runtime that keeps the connection. Returns after the first attempt, which takes
    /// ten times the [patience](RedisOptions::patience) at most.
    pub async fn connect(options: &RedisOptions) -> Self {
        Self { link: Link::open(options).await, alone: InProcessRateLimiter::default() }
    }

    /// Whether calls are counted together with other instances at this moment, and not by this one alone.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.link.is_live()
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn count(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Allowance {
        match self.link.count(caller, group, rate).await {
            Some(allowance) => allowance,
            None => self.alone.count(caller, group, rate).await,
        }
    }

    async fn give_back(&self, caller: Caller, group: RouteGroup, rate: Rate) {
        if self.link.give_back(caller, group, rate).await.is_none() {
            self.alone.give_back(caller, group, rate).await;
        }
    }
}
