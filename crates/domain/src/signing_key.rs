//! Signing keys: which one signs access tokens, and which ones still verify them.

use std::fmt;

use crate::values::{KeyId, Timestamp};

/// An algorithm for access tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048 bits, for verifiers that know nothing newer.
    Rs256,
}

impl SigningAlgorithm {
    /// Its name in a JWT header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256, Self::Rs256].into_iter().find(|known| known.name() == name)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A signing key as stores keep it: its private part encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Names it: the `kid` of its tokens.
    pub id: KeyId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The private part, encrypted under a key derived from the installation's secret key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs; it is published before.
    pub signs_from: Timestamp,
    /// Until when its tokens are accepted; none while it is the newest key.
    pub verifies_until: Option<Timestamp>,
}

impl SigningKey {
    /// Whether its tokens are accepted, and it is published, at `now`.
    #[must_use]
    pub fn verifies(&self, now: Timestamp) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }

    /// Of `keys`, the one that signs at `now`: the last in the line of those whose time has come.
    pub fn signing<'a>(keys: impl IntoIterator<Item = &'a Self>, now: Timestamp) -> Option<&'a Self> {
        // Each that has a successor ends after it has begun. Who made them may have had clocks that differ.
        let in_line = |key: &&Self| (key.verifies_until.is_none(), key.verifies_until, key.created_at);
        keys.into_iter().filter(|key| key.signs_from <= now).max_by_key(in_line)
    }
}

/// What a key does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and will sign.
    Announced,
    /// It signs.
    Signing,
    /// It has signed; its tokens are still accepted.
    Verifying,
    /// Its last token has expired.
    Expired,
}

impl KeyState {
    /// What `key` does at `now`, when `signing` is the one that signs.
    #[must_use]
    pub fn of(key: &SigningKey, signing: Option<&SigningKey>, now: Timestamp) -> Self {
        if signing.is_some_and(|signing| signing.id == key.id) {
            Self::Signing
        } else if !key.verifies(now) {
            Self::Expired
        } else if key.signs_from > now {
            Self::Announced
        } else {
            Self::Verifying
        }
    }

    /// What programs call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("sealed", &"[redacted]")
            .field("created_at", &self.created_at)
            .field("signs_from", &self.signs_from)
            .field("verifies_until", &self.verifies_until)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(created_at: Timestamp, signs_from: Timestamp, verifies_until: Option<Timestamp>) -> SigningKey {
        let id = KeyId::new(format!("made at {}", created_at.unix_micros()));
        SigningKey {
            id,
            algorithm: SigningAlgorithm::EdDsa,
            sealed: Vec::new(),
            created_at,
            signs_from,
            verifies_until,
        }
    }

    #[test]
    fn the_last_in_line_signs_whatever_the_clocks_of_their_makers_said() {
        let now = Timestamp::from_unix_micros(1_800_000_000_000_000);
        let (ahead, ttl) = (now + Duration::from_secs(90), Duration::from_mins(30));
        let first = key(Timestamp::from_unix_micros(0), Timestamp::from_unix_micros(0), Some(ahead + ttl));
        // Announced by a machine whose clock is ahead, and then overtaken by one that signs at once.
        let announced = key(ahead, ahead, Some(now + ttl));
        let last = key(now, now, None);
        let line = [first, announced, last];
        for later in [now, ahead, ahead + ttl] {
            assert_eq!(SigningKey::signing(&line, later).map(|key| &key.id), Some(&line[2].id));
        }
    }

    #[test]
    fn an_announced_key_signs_once_its_time_has_come() {
        let now = Timestamp::from_unix_micros(1_800_000_000_000_000);
        let later = now + Duration::from_mins(10);
        let line = [key(now, now, Some(later + Duration::from_mins(30))), key(now, later, None)];
        assert_eq!(SigningKey::signing(&line, now).map(|key| key.signs_from), Some(now));
        assert_eq!(SigningKey::signing(&line, later).map(|key| key.signs_from), Some(later));
    }
}
