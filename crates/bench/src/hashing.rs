//! How the service that is measured hashes passwords.

use anyhow::Context as _;
use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Params, Version};
use portcullis_domain::PasswordHash;

/// Settings of Argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// As the service is delivered.
    Usual,
    /// At almost no cost, for figures that are about something else.
    Cheapest,
}

impl Hashing {
    /// As `PORTCULLIS_ARGON2` takes them.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            Self::Usual => "m=19456,t=2,p=1",
            Self::Cheapest => "m=8,t=1,p=1",
        }
    }

    /// The hash of a password as the service would keep it, with a salt that is always the same.
    pub(crate) fn hash(self, password: &str) -> anyhow::Result<PasswordHash> {
        let (memory_kib, passes) = match self {
            Self::Usual => (19_456, 2),
            Self::Cheapest => (8, 1),
        };
        let params = Params::builder()
            .memory(Memory::kib(memory_kib))
            .passes(passes)
            .build()
            .context("the settings are Argon2's")?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2.hash_password(password.as_bytes(), b"salt for nobody.");
        Ok(PasswordHash::new(hash.context("the password cannot be hashed")?))
    }

    /// Whether a hash was made so.
    pub(crate) fn has_made(self, hash: &PasswordHash) -> bool {
        hash.as_str().contains(&format!("${}$", self.settings()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_one_of_its_password_by_its_settings() {
        for (hashing, other) in [(Hashing::Usual, Hashing::Cheapest), (Hashing::Cheapest, Hashing::Usual)] {
            let hash = hashing.hash("a password of usual length").unwrap();
            assert!(hashing.has_made(&hash) && !other.has_made(&hash), "{}", hash.as_str());
            let verify = |password: &str| {
                Argon2::verify_password(hash.as_str(), password.as_bytes(), Algorithm::Argon2id)
            };
            assert!(verify("a password of usual length").is_ok() && verify("another password").is_err());
        }
    }
}
