use portcullis_domain::ports::HashRefusal;

use super::Argon2Settings;
use super::argon2_hash::{Arena, Argon2Hash};
use super::foreign::{BcryptHash, Pbkdf2Hash, ScryptHash};

/// A hash by any scheme that can be checked, at costs that can be afforded.
pub(super) enum StoredHash {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Pbkdf2(Pbkdf2Hash),
}

impl StoredHash {
    /// More than any form needs, and little enough to be read in no time.
    const MAX_CHARACTERS: usize = 512;

    /// Reads a hash in any form; computes nothing.
    pub(super) fn parse(text: &str) -> Result<Self, HashRefusal> {
        if text.len() > Self::MAX_CHARACTERS {
            return Err(HashRefusal::TooLong { maximum: Self::MAX_CHARACTERS });
        }
        if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(HashRefusal::Characters);
        }
        if let Some(hash) = Argon2Hash::parse(text)? {
            Ok(Self::Argon2(hash))
        } else if let Some(hash) = BcryptHash::parse(text)? {
            Ok(Self::Bcrypt(hash))
        } else if let Some(hash) = ScryptHash::parse(text)? {
            Ok(Self::Scrypt(hash))
        } else if let Some(hash) = Pbkdf2Hash::parse(text)? {
            Ok(Self::Pbkdf2(hash))
        } else {
            Err(HashRefusal::UnknownScheme)
        }
    }

    /// Whether this is the hash of `password`.
    pub(super) fn matches(&self, password: &[u8], arena: &mut Arena) -> bool {
        match self {
            Self::Argon2(hash) => hash.matches(password, arena),
            Self::Bcrypt(hash) => hash.matches(password),
            Self::Scrypt(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => hash.matches(password),
        }
    }

    /// Whether a new hash would be made in another way than this one was.
    pub(super) fn is_outdated(&self, settings: Argon2Settings) -> bool {
        match self {
            Self::Argon2(hash) => hash.is_outdated(settings),
            Self::Bcrypt(_) | Self::Scrypt(_) | Self::Pbkdf2(_) => true,
        }
    }
}
