//! Rate limits: how many calls of a route group a client may make in how much time.
//!
//! Calls are counted by a token bucket, in the form of the generic cell rate algorithm (GCRA). A rate of 30
//! calls a minute admits 30 at once and after that one every two seconds. All that is kept of a caller is one
//! moment: when the calls made so far will be paid off, each taking its share of the period. That makes a count
//! one number, with no timer to reset it, and no window at whose edge twice the rate gets through.

mod allowance;
mod caller;
mod enforcement;
mod group;
mod in_process;
mod mail_pace;
mod rate;

use std::sync::Arc;

use async_trait::async_trait;

pub use allowance::Allowance;
pub use caller::Caller;
pub(crate) use enforcement::enforce;
pub use enforcement::{RATE_LIMIT, RATE_LIMIT_POLICY};
pub use group::RouteGroup;
pub use in_process::InProcessRateLimiter;
pub use mail_pace::MailPace;
pub use rate::{Rate, RateLimits};

/// Counts calls and tells which are too many.
///
/// Every limited call asks it before anything else is done, so it must be quick, and there is no answer for
/// when it fails: what relies on another service MUST do without it when that does not answer.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts a call of `caller` to `group`, of which `rate` says how many there may be, unless it is one too many.
    ///
    /// MUST be one atomic step: of any number of calls at once, no more are admitted than the rate allows. A
    /// call that is refused MUST NOT count. Callers and groups have counts of their own.
    async fn count(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Allowance;

    /// Takes back one call that was admitted, and then came to nothing that counts.
    ///
    /// MUST be one atomic step, and MUST NOT leave the caller with more than the rate allows.
    async fn give_back(&self, caller: Caller, group: RouteGroup, rate: Rate);
}

/// The limits of an installation, and who keeps the counts.
#[derive(Clone)]
pub struct RateLimiting {
    /// How many calls each group takes.
    pub limits: RateLimits,
    /// Counts them.
    pub limiter: Arc<dyn RateLimiter>,
}

impl Default for RateLimiting {
    /// The usual limits, counted in this process.
    fn default() -> Self {
        Self { limits: RateLimits::default(), limiter: Arc::new(InProcessRateLimiter::default()) }
    }
}
