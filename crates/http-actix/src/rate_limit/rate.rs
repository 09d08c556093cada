use std::num::NonZeroU32;
use std::time::Duration;

use super::RouteGroup;

/// So many calls in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub calls: NonZeroU32,
    /// In how much time.
    pub period: Duration,
}

impl Rate {
    /// The share of the period that one call takes: after so long, one more is admitted.
    #[must_use]
    pub fn share(self) -> Duration {
        (self.period / self.calls.get()).max(Duration::from_nanos(1))
    }

    /// What is to be paid off after one call more, when there is `debt` to be paid off already; none when the
    /// call is one too many.
    pub(super) fn charge(self, debt: Duration) -> Option<Duration> {
        let charged = debt.saturating_add(self.share());
        (charged <= self.period).then_some(charged)
    }

    /// What is to be paid off with one call less.
    pub(super) fn refund(self, debt: Duration) -> Duration {
        debt.saturating_sub(self.share())
    }
}

/// How many calls of each route group a caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Sign-ins, and whatever else asks for a password.
    pub login: Rate,
    /// Registrations.
    pub register: Rate,
    /// Everything about forgotten passwords.
    pub reset: Rate,
    /// Everything that shows an address to be its owner's.
    pub verify: Rate,
    /// Exchanges of refresh tokens.
    pub refresh: Rate,
    /// Everything else.
    pub other: Rate,
}

impl Default for RateLimits {
    /// A minute: 30 sign-ins, 10 registrations, 5 calls about forgotten passwords, 10 verifications, 60 refreshes, and
    /// 600 others.
    fn default() -> Self {
        const fn a_minute(calls: u32) -> Rate {
            Rate { calls: NonZeroU32::new(calls).expect("it is not zero"), period: Duration::from_mins(1) }
        }
        const {
            Self {
                login: a_minute(30),
                register: a_minute(10),
                reset: a_minute(5),
                verify: a_minute(10),
                refresh: a_minute(60),
                other: a_minute(600),
            }
        }
    }
}

impl RateLimits {
    /// How many calls of this group.
    #[must_use]
    pub const fn of(&self, group: RouteGroup) -> Rate {
        match group {
            RouteGroup::Login => self.login,
            RouteGroup::Register => self.register,
            RouteGroup::Reset => self.reset,
            RouteGroup::Verify => self.verify,
            RouteGroup::Refresh => self.refresh,
            RouteGroup::Other => self.other,
        }
    }

    /// The same, to be changed.
    pub const fn of_mut(&mut self, group: RouteGroup) -> &mut Rate {
        match group {
            RouteGroup::Login => &mut self.login,
            RouteGroup::Register => &mut self.register,
            RouteGroup::Reset => &mut self.reset,
            RouteGroup::Verify => &mut self.verify,
            RouteGroup::Refresh => &mut self.refresh,
            RouteGroup::Other => &mut self.other,
        }
    }
}
