use std::fmt;

use super::mac::Mac;
use super::{KeyPurpose, SecretKey};
use crate::values::{EmailAddress, UserId};

/// Under which failed attempts are counted: an account, or an identifier that names none.
///
/// Both kinds look alike, so a store does the same work for both and keeps no address that
/// somebody merely tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey([u8; 32]);

impl AttemptKey {
    /// The key that a store kept as these octets.
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

/// Makes attempt keys.
#[derive(Clone)]
pub struct AttemptKeys(Mac);

impl AttemptKeys {
    /// Makes them under the key that `secret` yields for attempts.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Mac::new(secret.derive(KeyPurpose::Attempts)))
    }

    /// Where wrong passwords of an account are counted, however it was named.
    #[must_use]
    pub fn of_account(&self, user: UserId) -> AttemptKey {
        AttemptKey(self.0.tag(&[b"account", user.uuid().as_bytes()]))
    }

    /// Where wrong passwords are counted for an identifier that names no account.
    #[must_use]
    pub fn of_unknown(&self, canonical_identifier: &str) -> AttemptKey {
        AttemptKey(self.0.tag(&[b"identifier", canonical_identifier.as_bytes()]))
    }

    /// Where wrong codes for an address are counted, whether or not it has an account.
    #[must_use]
    pub fn of_codes(&self, address: &EmailAddress) -> AttemptKey {
        AttemptKey(self.0.tag(&[b"codes", address.canonical().as_bytes()]))
    }
}

impl fmt::Debug for AttemptKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AttemptKeys([redacted])")
    }
}
