//! Sessions and their tokens.

use super::{DAY, MINUTE, Moment};
use crate::call::{AccountNumber, RefreshToken, SessionNumber, Tokens};

/// How long sessions live without a refresh.
pub(crate) const IDLE: Moment = 7 * DAY;
/// How long sessions live at most.
pub(crate) const ABSOLUTE: Moment = 16 * DAY;
const ACCESS: Moment = 30 * MINUTE;
/// In which the last token spent gives the same successor again.
const GRACE: Moment = 10;

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) number: SessionNumber,
    pub(super) account: AccountNumber,
    pub(super) has_ended: bool,
    /// How often it was refreshed.
    pub(super) generation: usize,
    pub(super) created_at: Moment,
    pub(super) last_used_at: Moment,
    pub(super) expires_at: Moment,
    /// When the newest access token expires.
    access_expires_at: Moment,
}

/// What spending a refresh token comes to.
pub(super) enum Spent {
    Good(Tokens),
    Refused,
}

impl Session {
    pub(super) fn open(number: SessionNumber, account: AccountNumber, now: Moment) -> Self {
        Self {
            number,
            account,
            has_ended: false,
            generation: 0,
            created_at: now,
            last_used_at: now,
            expires_at: now + IDLE,
            access_expires_at: now + ACCESS,
        }
    }

    pub(super) fn is_live(&self, now: Moment) -> bool {
        !self.has_ended && now < self.expires_at
    }

    pub(super) fn has_access(&self, now: Moment) -> bool {
        self.is_live(now) && now < self.access_expires_at
    }

    pub(super) fn tokens(&self, now: Moment) -> Tokens {
        let refresh_token = RefreshToken { session: self.number, generation: self.generation };
        Tokens { refresh_token, expires_in: ACCESS, refresh_expires_in: self.expires_at - now }
    }

    pub(super) fn spend(&mut self, generation: usize, now: Moment) -> Spent {
        if !self.is_live(now) {
            return Spent::Refused;
        }
        let is_repeated = generation + 1 == self.generation && now < self.last_used_at + GRACE;
        if generation == self.generation {
            self.generation += 1;
            self.last_used_at = now;
            self.expires_at = (now + IDLE).min(self.created_at + ABSOLUTE);
        } else if !is_repeated {
            self.has_ended = true;
            return Spent::Refused;
        }
        self.access_expires_at = now + ACCESS;
        Spent::Good(self.tokens(now))
    }
}
