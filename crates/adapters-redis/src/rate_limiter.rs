use async_trait::async_trait;
use portcullis_http_actix::{Allowance, Caller, InProcessRateLimiter, Rate, RateLimiter, RouteGroup};

use crate::RedisUrl;
use crate::link::Link;

/// Counts calls together with all instances that use the same server and database.
///
/// While the server does not answer, calls are counted by this instance alone: at first the calls that were
/// under way wait for it in vain, for a tenth of a second at most; those that follow do not wait. That this
/// began and ended is told in the log, once each.
pub struct RedisRateLimiter {
    link: Link,
    alone: InProcessRateLimiter,
}

impl RedisRateLimiter {
    /// A limiter on the server at `url`, which is connected with once it answers.
    ///
    /// Has to be called on the runtime that keeps the connection. Returns after the first attempt, which takes
    /// a second at most.
    pub async fn connect(url: &RedisUrl) -> Self {
        Self { link: Link::open(url).await, alone: InProcessRateLimiter::default() }
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
}
