use std::time::Duration;

use super::Rate;

/// What became of a call, and what its caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the call is admitted.
    pub is_admitted: bool,
    /// How many more calls would be admitted at once.
    pub remaining: u32,
    /// In how much time that will be one more.
    pub next_in: Duration,
}

impl Allowance {
    /// After a call that was admitted, when `debt` is the time in which all calls so far are paid off.
    #[must_use]
    pub fn after_admission(rate: Rate, debt: Duration) -> Self {
        Self::new(rate, debt, true)
    }

    /// The same after a call that was refused.
    #[must_use]
    pub fn after_refusal(rate: Rate, debt: Duration) -> Self {
        Self::new(rate, debt, false)
    }

    fn new(rate: Rate, debt: Duration, is_admitted: bool) -> Self {
        let credit = rate.period.saturating_sub(debt);
        let shares = credit.as_nanos() / rate.share().as_nanos();
        let remaining = u32::try_from(shares).unwrap_or(u32::MAX).min(rate.calls.get());
        let one_more = rate.share().saturating_mul(remaining.saturating_add(1));
        Self { is_admitted, remaining, next_in: one_more.saturating_sub(credit) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn rate(calls: u32, period: Duration) -> Rate {
        Rate { calls: NonZeroU32::new(calls).unwrap(), period }
    }

    #[test]
    fn every_call_takes_its_share_of_the_period() {
        let rate = rate(30, Duration::from_mins(1));
        let mut debt = Duration::ZERO;
        for remaining in (0..30).rev() {
            debt = rate.charge(debt).expect("there is one left");
            let allowance = Allowance::after_admission(rate, debt);
            assert_eq!((allowance.remaining, allowance.next_in), (remaining, Duration::from_secs(2)));
        }
        assert_eq!(rate.charge(debt), None);
        let refused = Allowance::after_refusal(rate, debt);
        assert_eq!(refused, Allowance { is_admitted: false, remaining: 0, next_in: Duration::from_secs(2) });
        let later = debt.checked_sub(Duration::from_millis(1_500)).unwrap();
        assert_eq!(rate.charge(later), None);
        assert_eq!(Allowance::after_refusal(rate, later).next_in, Duration::from_millis(500));
        assert!(rate.charge(debt.checked_sub(Duration::from_secs(2)).unwrap()).is_some());
    }

    #[test]
    fn shares_that_do_not_divide_the_period_make_as_many_calls() {
        for calls in [1, 3, 7, 11, 60, 999] {
            let rate = rate(calls, Duration::from_secs(1));
            let (mut debt, mut admitted) = (Duration::ZERO, 0);
            while let Some(charged) = rate.charge(debt) {
                debt = charged;
                admitted += 1;
                assert_eq!(Allowance::after_admission(rate, debt).remaining, calls - admitted);
            }
            assert_eq!(admitted, calls);
        }
    }

    #[test]
    fn the_greatest_rates_can_be_told() {
        for (calls, period) in
            [(u32::MAX, Duration::from_secs(1)), (1, Duration::MAX), (u32::MAX, Duration::MAX)]
        {
            let rate = rate(calls, period);
            let debt = rate.charge(Duration::ZERO).unwrap();
            let allowance = Allowance::after_admission(rate, debt);
            assert!(allowance.remaining < calls && allowance.next_in <= period, "{allowance:?}");
        }
    }
}
