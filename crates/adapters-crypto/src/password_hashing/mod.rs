//! Passwords: Argon2id on threads of its own.

mod argon2_hash;
mod hashing_threads;
mod settings;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::ports::{Entropy, HashingError, PasswordHasher, Verification};
use portcullis_domain::{AcceptedPassword, Password, PasswordHash};

use self::argon2_hash::{Arena, Argon2Hash};
pub use self::hashing_threads::HashingCapacity;
use self::hashing_threads::HashingThreads;
pub use self::settings::{Argon2Settings, InvalidArgon2Settings};

/// Hashes passwords with Argon2id version 19 (RFC 9106), into PHC strings.
///
/// Checks hashes by argon2id, argon2i and argon2d, in version 16 and 19, whose costs lie within the
/// bounds of [`Argon2Settings`]; any other is [`HashingError::UnknownHash`] before any work.
///
/// Dropping it ends its threads, after the hashes that they are at.
pub struct Argon2Hasher {
    settings: Argon2Settings,
    /// Checked in the place of the hash that an unknown account does not have.
    decoy: Arc<Argon2Hash>,
    entropy: Arc<dyn Entropy>,
    threads: HashingThreads,
}

impl Argon2Hasher {
    /// Starts the threads that hash with `settings`, and salts from `entropy`.
    ///
    /// # Errors
    ///
    /// When the operating system starts no more threads.
    pub fn start(
        settings: Argon2Settings,
        capacity: HashingCapacity,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        Ok(Self {
            settings,
            decoy: Arc::new(Argon2Hash::decoy(settings, entropy.as_ref())),
            entropy,
            threads: HashingThreads::start(capacity, || Arena::new(settings))?,
        })
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HashingError> {
        let settings = self.settings;
        let salt = Argon2Hash::draw_salt(self.entropy.as_ref());
        let hash = self
            .threads
            .run(move |arena| Argon2Hash::compute(password.expose(), salt, settings, arena))
            .await?;
        Ok(PasswordHash::new(hash.to_string()))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HashingError> {
        let account_exists = hash.is_some();
        let stored = match hash {
            Some(hash) => Arc::new(Argon2Hash::parse(hash.as_str()).ok_or(HashingError::UnknownHash)?),
            None => Arc::clone(&self.decoy),
        };
        let outdated = stored.is_outdated(self.settings);
        let matches = self.threads.run(move |arena| stored.matches(password.expose(), arena)).await?;
        Ok(if matches && account_exists { Verification::Match { outdated } } else { Verification::Mismatch })
    }
}
