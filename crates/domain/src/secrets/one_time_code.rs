use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::mac::Mac;
use super::{KeyPurpose, SecretKey};
use crate::ports::Entropy;
use crate::values::EmailAddress;

/// The six-digit code of a verification mail.
#[derive(Clone)]
pub struct OneTimeCode(Zeroizing<String>);

impl OneTimeCode {
    /// How many digits a code has.
    pub const DIGITS: usize = 6;

    /// A new code, every one of the million equally likely.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        const CODES: u64 = 1_000_000;
        // A multiple of CODES: what lies beyond would make the low codes likelier.
        const FAIR: u64 = u64::MAX - u64::MAX % CODES;
        loop {
            let mut octets = [0; 8];
            entropy.fill(&mut octets);
            let number = u64::from_be_bytes(octets);
            if number < FAIR {
                return Self(Zeroizing::new(format!("{:06}", number % CODES)));
            }
        }
    }

    /// Reads a code; `None` for anything but six ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_code = text.len() == Self::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The code as it stands in a mail.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OneTimeCode([redacted])")
    }
}

/// Digests codes under a key, since a bare hash of six digits is found by trying them all.
#[derive(Clone)]
pub struct CodeDigests(Mac);

impl CodeDigests {
    /// Digests under the key that `secret` yields for codes.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Mac::new(secret.derive(KeyPurpose::OneTimeCodes)))
    }

    /// The digest of `code` as mailed to `address`.
    #[must_use]
    pub fn digest(&self, address: &EmailAddress, code: &OneTimeCode) -> CodeDigest {
        CodeDigest(self.0.tag(&[address.canonical().as_bytes(), code.expose().as_bytes()]))
    }
}

impl fmt::Debug for CodeDigests {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeDigests([redacted])")
    }
}

/// The keyed digest of a code for one address.
#[derive(Clone, Copy, Debug)]
pub struct CodeDigest([u8; 32]);

impl CodeDigest {
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

    /// Whether these are the octets that a store kept; takes the same time wherever they differ.
    #[must_use]
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}
