//! Passwords: Argon2id on threads of its own.

mod argon2_hash;
mod fields;
mod foreign;
mod hashing_observer;
mod hashing_threads;
mod settings;
mod stored_hash;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::ports::{
    Entropy, HashRefusal, HasherOverloaded, HashingError, PasswordHasher, PasswordVerdict,
};
use portcullis_domain::{AcceptedPassword, Password, PasswordHash};

use self::argon2_hash::{Arena, Argon2Hash, known_answer_is_right};
pub use self::hashing_observer::HashingObserver;
use self::hashing_threads::HashingThreads;
pub use self::hashing_threads::{HashingCapacity, HashingLoad};
pub use self::settings::{Argon2Settings, InvalidArgon2Settings};
use self::stored_hash::StoredHash;

/// Hashes passwords with Argon2id version 19 (RFC 9106), into PHC strings.
///
/// Imports and checks what other systems made, too, all of it on the same threads:
///
/// | scheme | in the form of | at most |
/// |---|---|---|
/// | argon2id, argon2i, argon2d, in version 16 and 19 | PHC strings; Django's `argon2$…` | the bounds of [`Argon2Settings`]; to be imported, 256 MiB or the memory of today's settings |
/// | bcrypt | crypt(3): `$2a$`, `$2b$`, `$2y$`; Django's `bcrypt$…`, `bcrypt_sha256$…`; passlib's `$bcrypt-sha256$…` | cost 16 |
/// | scrypt | passlib's `$scrypt$…`; Django's `scrypt$…`; Werkzeug's `scrypt:…` | N · r of 2²¹, which is 256 MiB; r of 128, p of 16, N · r · p of 2²³ |
/// | PBKDF2 | passlib's `$pbkdf2$…`, `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…`; Django's `pbkdf2_sha1$…`, `pbkdf2_sha256$…`; Werkzeug's `pbkdf2:sha1:…`, `pbkdf2:sha256:…`, `pbkdf2:sha512:…` | 10,000,000 iterations |
///
/// So no check takes more than a few seconds of a core, and memory is bounded by the number of threads
/// times the memory of a hash. Any other hash is [`HashingError::UnknownHash`] before any work.
///
/// Dropping it ends its threads, after the hashes that they are at.
pub struct Argon2Hasher {
    settings: Argon2Settings,
    /// Checked in the place of the hash that an unknown account does not have.
    decoy: Arc<StoredHash>,
    entropy: Arc<dyn Entropy>,
    threads: HashingThreads,
}

impl Argon2Hasher {
    /// Starts the threads that hash with `settings`, and salts from `entropy`.
    ///
    /// # Errors
    ///
    /// When the operating system starts no more threads, or when this processor does not compute what RFC 9106 says:
    /// what it hashed would be lost on every other.
    pub fn start(
        settings: Argon2Settings,
        capacity: HashingCapacity,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        if !known_answer_is_right() {
            let backend = argon2_rust::detected_backend();
            return Err(io::Error::other(format!(
                "Argon2 ({backend}) computes another hash than RFC 9106 has"
            )));
        }
        Ok(Self {
            settings,
            decoy: Arc::new(StoredHash::Argon2(Argon2Hash::decoy(settings, entropy.as_ref()))),
            entropy,
            threads: HashingThreads::start(capacity, || Arena::new(settings))?,
        })
    }

    /// The same hasher, which lets `observer` know of each hash.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn HashingObserver>) -> Self {
        Self { threads: self.threads.observed_by(observer), ..self }
    }

    /// How busy it is at this moment.
    #[must_use]
    pub fn load(&self) -> HashingLoad {
        self.threads.load()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    fn admits(&self) -> Result<(), HasherOverloaded> {
        self.threads.admits()
    }

    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        let settings = self.settings;
        let salt = Argon2Hash::draw_salt(self.entropy.as_ref());
        let hash = self
            .threads
            .run(move |arena| Argon2Hash::compute(password.expose(), salt, settings, arena))
            .await?;
        Ok(PasswordHash::new(hash.to_string()))
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        if let StoredHash::Argon2(hash) = StoredHash::parse(text)? {
            hash.refuse_unaffordable_memory(self.settings)?;
        }
        Ok(PasswordHash::new(text))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        let account_exists = hash.is_some();
        let stored = match hash {
            Some(hash) => Arc::new(StoredHash::parse(hash.as_str()).map_err(|_| HashingError::UnknownHash)?),
            None => Arc::clone(&self.decoy),
        };
        let outdated = stored.is_outdated(self.settings);
        let matching = self.threads.run(move |arena| matching_form(&stored, &password, arena)).await?;
        Ok(match matching {
            Some(form) if account_exists => {
                PasswordVerdict::Match { outdated: outdated || form == PasswordForm::AsTyped }
            }
            _ => PasswordVerdict::Mismatch,
        })
    }
}

/// What a hash can be of.
#[derive(PartialEq, Eq)]
enum PasswordForm {
    Normalized,
    AsTyped,
}

/// The form of `password` that `stored` is the hash of. Each form that it has takes the work of a hash.
fn matching_form(stored: &StoredHash, password: &Password, arena: &mut Arena) -> Option<PasswordForm> {
    if stored.matches(password.expose(), arena) {
        Some(PasswordForm::Normalized)
    } else if password.expose_as_typed().is_some_and(|octets| stored.matches(octets, arena)) {
        Some(PasswordForm::AsTyped)
    } else {
        None
    }
}
