use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use quick_cache::sync::Cache;

use super::{Allowance, Caller, Rate, RateLimiter, RouteGroup};

/// How many counts are kept, which take some 15 MiB.
const MOST_COUNTS: usize = 100_000;

/// Counts the calls that reach this process, in memory.
///
/// Memory is bounded: when there are more counts than fit, those that were asked least go. To have a count
/// forgotten takes calls from thousands of other callers; whoever has so many addresses gains more by calling
/// from them.
pub struct InProcessRateLimiter {
    started: Instant,
    counts: Cache<(Caller, RouteGroup), Arc<Count>>,
}

/// When the calls so far are paid off, in nanoseconds since the limiter started.
#[derive(Default)]
struct Count(AtomicU64);

impl Default for InProcessRateLimiter {
    fn default() -> Self {
        Self::keeping(MOST_COUNTS)
    }
}

impl InProcessRateLimiter {
    fn keeping(most_counts: usize) -> Self {
        Self { started: Instant::now(), counts: Cache::new(most_counts) }
    }

    /// The same at a time of the caller's choice, counted from the limiter's start.
    fn count_at(&self, caller: Caller, group: RouteGroup, rate: Rate, now: Duration) -> Allowance {
        let new = || Ok::<_, Infallible>(Arc::default());
        let Ok(count) = self.counts.get_or_insert_with(&(caller, group), new);
        count.charge(rate, nanoseconds(now))
    }

    fn give_back_at(&self, caller: Caller, group: RouteGroup, rate: Rate, now: Duration) {
        if let Some(count) = self.counts.get(&(caller, group)) {
            count.refund(rate, nanoseconds(now));
        }
    }
}

impl Count {
    fn charge(&self, rate: Rate, now: u64) -> Allowance {
        let debt = |paid_off_at: u64| Duration::from_nanos(paid_off_at.saturating_sub(now));
        let charged = |paid_off_at| Some(now.saturating_add(nanoseconds(rate.charge(debt(paid_off_at))?)));
        // Nothing else is made known by the count, so its own order is all that matters.
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charged) {
            Ok(paid_off_at) => Allowance::after_admission(rate, debt(paid_off_at) + rate.share()),
            Err(paid_off_at) => Allowance::after_refusal(rate, debt(paid_off_at)),
        }
    }

    fn refund(&self, rate: Rate, now: u64) {
        let debt = |paid_off_at: u64| Duration::from_nanos(paid_off_at.saturating_sub(now));
        let refunded = |paid_off_at| Some(now.saturating_add(nanoseconds(rate.refund(debt(paid_off_at)))));
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refunded).ok();
    }
}

/// Those of 584 years at most.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[async_trait]
impl RateLimiter for InProcessRateLimiter {
    async fn count(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Allowance {
        self.count_at(caller, group, rate, self.started.elapsed())
    }

    async fn give_back(&self, caller: Caller, group: RouteGroup, rate: Rate) {
        self.give_back_at(caller, group, rate, self.started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::num::NonZeroU32;
    use std::thread;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn a_minute(calls: u32) -> Rate {
        Rate { calls: NonZeroU32::new(calls).unwrap(), period: Duration::from_mins(1) }
    }

    fn caller(number: usize) -> Caller {
        let address = Ipv4Addr::from_bits(u32::try_from(number).unwrap());
        Caller::from(Some(IpAddr::V4(address)))
    }

    #[test]
    fn so_many_calls_are_admitted_at_once_and_then_one_for_each_share() {
        let limiter = InProcessRateLimiter::default();
        let is_admitted = |now| limiter.count_at(caller(1), RouteGroup::Login, a_minute(30), now).is_admitted;
        assert_eq!((0..50).filter(|_| is_admitted(NOW)).count(), 30);
        assert!(!is_admitted(NOW + Duration::from_millis(1_999)));
        assert!(is_admitted(NOW + Duration::from_secs(2)));
        assert!(!is_admitted(NOW + Duration::from_secs(2)));
        let much_later = NOW + Duration::from_hours(1);
        assert_eq!((0..50).filter(|_| is_admitted(much_later)).count(), 30);
    }

    #[test]
    fn a_call_that_is_given_back_can_be_made_again_and_no_more_than_that() {
        let limiter = InProcessRateLimiter::default();
        let rate = a_minute(3);
        let is_admitted = || limiter.count_at(caller(1), RouteGroup::Register, rate, NOW).is_admitted;
        let give_back = || limiter.give_back_at(caller(1), RouteGroup::Register, rate, NOW);
        give_back();
        assert_eq!((0..5).filter(|_| is_admitted()).count(), 3, "there was nothing to be given back");
        give_back();
        assert_eq!((0..5).filter(|_| is_admitted()).count(), 1);
        (0..10).for_each(|_| give_back());
        assert_eq!((0..5).filter(|_| is_admitted()).count(), 3);
    }

    #[test]
    fn callers_and_groups_have_counts_of_their_own() {
        let limiter = InProcessRateLimiter::default();
        for caller in [caller(1), caller(2)] {
            for group in RouteGroup::ALL {
                assert!(limiter.count_at(caller, group, a_minute(1), NOW).is_admitted);
                assert!(!limiter.count_at(caller, group, a_minute(1), NOW).is_admitted);
            }
        }
    }

    #[test]
    fn of_calls_at_once_no_more_are_admitted_than_the_rate_allows() {
        let limiter = InProcessRateLimiter::default();
        let admitted = || {
            let is_admitted =
                |_: &u32| limiter.count_at(caller(1), RouteGroup::Other, a_minute(500), NOW).is_admitted;
            (0..1_000).filter(is_admitted).count()
        };
        let all: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(admitted)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(all, 500);
    }

    #[test]
    fn a_flood_of_addresses_neither_fills_the_memory_nor_washes_away_who_keeps_calling() {
        const MOST: usize = 1_000;
        let limiter = InProcessRateLimiter::keeping(MOST);
        let persistent = caller(0);
        assert!(limiter.count_at(persistent, RouteGroup::Login, a_minute(1), NOW).is_admitted);
        for number in 1..20 * MOST {
            limiter.count_at(caller(number), RouteGroup::Login, a_minute(1), NOW);
            if number.is_multiple_of(20) {
                assert!(
                    !limiter.count_at(persistent, RouteGroup::Login, a_minute(1), NOW).is_admitted,
                    "{number}"
                );
            }
        }
        assert!(limiter.counts.len() <= MOST, "{}", limiter.counts.len());
    }
}
