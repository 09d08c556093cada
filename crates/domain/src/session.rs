//! Sessions: what a login opens, refresh tokens prolong and a logout ends.

use std::time::Duration;

use crate::ports::Entropy;
use crate::secrets::Generation;
use crate::user::User;
use crate::values::{Client, Permissions, SessionId, Timestamp, UserId};

/// One sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names it for good; the `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Which of its refresh tokens is the unspent one.
    pub generation: Generation,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was opened or last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed before; never after [`ends_at`](Self::ends_at).
    pub expires_at: Timestamp,
    /// When it ends however often it is refreshed.
    pub ends_at: Timestamp,
    /// From where it was opened.
    pub client: Client,
}

impl Session {
    /// A session opened at `now`.
    #[must_use]
    pub fn open(
        user_id: UserId,
        client: Client,
        lifetime: SessionLifetime,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Self {
        let ends_at = now + lifetime.absolute;
        Self {
            id: SessionId::generate(now, entropy),
            user_id,
            generation: Generation::FIRST,
            created_at: now,
            last_used_at: now,
            expires_at: lifetime.expiry(now, ends_at),
            ends_at,
            client,
        }
    }

    /// Whether it can still be used at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct SessionLifetime {
    /// Without a refresh.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
}

impl SessionLifetime {
    /// When a session used at `now`, which ends at `ends_at` at the latest, expires.
    #[must_use]
    pub fn expiry(&self, now: Timestamp, ends_at: Timestamp) -> Timestamp {
        (now + self.idle).min(ends_at)
    }
}

/// Who is calling: a live session, its active user, and what they may do at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: User,
    /// The session that they call with.
    pub session: Session,
    /// What their roles allow.
    pub permissions: Permissions,
}
