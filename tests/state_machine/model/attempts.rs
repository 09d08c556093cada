//! Guesses: wrong passwords in a row, and wrong codes.

use super::{DAY, HOUR, MINUTE, Moment};

/// Wrong passwords in a row, for an account or for a name that no account has.
#[derive(Clone, Debug, Default)]
pub(super) struct Passwords {
    in_a_row: u32,
    last_at: Moment,
    locked_until: Option<Moment>,
}

impl Passwords {
    const THRESHOLD: u32 = 5;
    const LOCKOUT: Moment = 15 * MINUTE;
    const MEMORY: Moment = DAY;

    /// For how long every answer is 429, if it is.
    pub(super) fn locked_for(&self, now: Moment) -> Option<Moment> {
        self.locked_until.filter(|until| now < *until).map(|until| until - now)
    }

    pub(super) fn count(&mut self, now: Moment) {
        let is_forgotten = self.locked_until.is_some() || now - self.last_at >= Self::MEMORY;
        self.in_a_row = if is_forgotten { 1 } else { self.in_a_row + 1 };
        self.last_at = now;
        self.locked_until = (self.in_a_row == Self::THRESHOLD).then_some(now + Self::LOCKOUT);
    }
}

/// Wrong codes for an address, whether or not it has an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    since_mailed: u32,
    /// With the moment of the first.
    within_hour: Option<(u32, Moment)>,
    last_at: Moment,
}

impl Codes {
    const OF_ONE_CODE: u32 = 5;
    const WITHIN_HOUR: u32 = 15;
    /// How long one has to wait for a code that can count, at most: as long as a code lives.
    const WAIT: Moment = 10 * MINUTE;
    const MEMORY: Moment = DAY + MINUTE;

    fn this_hour(&self, now: Moment) -> Option<(u32, Moment)> {
        self.within_hour.filter(|(_, first)| now < first + HOUR)
    }

    /// For how long every answer is 429, if it is.
    pub(super) fn closed_for(&self, now: Moment) -> Option<Moment> {
        match self.this_hour(now) {
            Some((Self::WITHIN_HOUR, first)) => Some(first + HOUR - now),
            _ => (self.since_mailed == Self::OF_ONE_CODE).then_some(Self::WAIT),
        }
    }

    pub(super) fn count(&mut self, now: Moment) {
        let (count, first) = self.this_hour(now).unwrap_or((0, now));
        self.within_hour = Some((count + 1, first));
        self.since_mailed += 1;
        self.last_at = now;
    }

    /// Another code is mailed.
    pub(super) fn begin_anew(&mut self) {
        self.since_mailed = 0;
    }

    /// Whether the sweep forgets them: the last was so long ago that every code it was about is dead.
    pub(super) fn are_stale(&self, now: Moment) -> bool {
        now.saturating_sub(self.last_at) > Self::MEMORY
    }
}
