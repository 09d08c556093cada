use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::mac::Mac;
use super::{KeyPurpose, SecretKey};
use crate::values::SessionId;

/// How often a session's refresh token has been rotated: zero for the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// That of a session's first refresh token.
    pub const FIRST: Self = Self(0);

    /// The generation with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The generation after this one. At one rotation a second the last is reached in 136 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What an authentic refresh token says: a session, and which of its generations this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session it belongs to.
    pub session: SessionId,
    /// Which of the session's refresh tokens it is.
    pub generation: Generation,
}

/// Writes and reads refresh tokens: session id, generation and a MAC over both.
///
/// The same session and generation always give the same text, so a successor can be given again
/// without having been kept; a forged text is refused without asking the store.
#[derive(Clone)]
pub struct RefreshTokens(Mac);

impl RefreshTokens {
    const BODY: usize = 16 + 4;
    const MAC: usize = 32;
    const OCTETS: usize = Self::BODY + Self::MAC;

    /// Reads and writes tokens under the key that `secret` yields for them.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Mac::new(secret.derive(KeyPurpose::RefreshTokens)))
    }

    /// The token as a client keeps it: 70 characters of base64url.
    #[must_use]
    pub fn write(&self, token: RefreshToken) -> Zeroizing<String> {
        let mut octets = Zeroizing::new([0; Self::OCTETS]);
        octets[..16].copy_from_slice(token.session.uuid().as_bytes());
        octets[16..Self::BODY].copy_from_slice(&token.generation.0.to_be_bytes());
        let mac = self.0.tag(&[&octets[..Self::BODY]]);
        octets[Self::BODY..].copy_from_slice(&mac);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(octets.as_ref()))
    }

    /// Reads a token; `None` unless it is, to the letter, one that [`write`](Self::write) gave.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<RefreshToken> {
        let mut octets = Zeroizing::new([0; Self::OCTETS]);
        let length = URL_SAFE_NO_PAD.decode_slice(text, octets.as_mut()).ok()?;
        let (body, mac) = octets.get(..length)?.split_at_checked(Self::BODY)?;
        if !bool::from(self.0.tag(&[body]).as_slice().ct_eq(mac)) {
            return None;
        }
        let (session, generation) = body.split_first_chunk::<16>()?;
        Some(RefreshToken {
            session: Uuid::from_bytes(*session).into(),
            generation: Generation(u32::from_be_bytes(generation.try_into().ok()?)),
        })
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshTokens([redacted])")
    }
}
