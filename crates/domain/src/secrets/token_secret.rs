use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::ports::Entropy;

/// The one-time secret of a mailed link: 256 random bits, 43 characters of base64url.
///
/// Exists between its making and its mailing, and again when it comes back; stores keep its
/// [`TokenDigest`].
#[derive(Clone)]
pub struct TokenSecret(Zeroizing<[u8; 32]>);

impl TokenSecret {
    /// A new secret.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut octets = Zeroizing::new([0; 32]);
        entropy.fill(octets.as_mut());
        Self(octets)
    }

    /// Reads a secret; `None` for anything but the one spelling that [`expose`](Self::expose) gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let octets = decoded.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(octets)))
    }

    /// The secret as it stands in a link.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_ref()))
    }

    /// What stores keep of it: SHA-256, enough for 256 random bits.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0.as_ref()).into())
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenSecret([redacted])")
    }
}

/// The digest of a [`TokenSecret`]: finds its row, reveals nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest that a store kept as these octets.
    #[must_use]
    pub const fn from_bytes(stored: [u8; 32]) -> Self {
        Self(stored)
    }

    /// The 32 octets that stores keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
