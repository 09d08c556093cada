use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use portcullis_domain::ports::{SigningKeyRepository, StorageError};
use portcullis_domain::{KeyId, SecretKey, SigningKey, Timestamp};
use tokio::sync::Mutex;

use super::key_pair::KeyPair;
use super::key_seal::KeySeal;

/// The signing keys in the store, opened and ready for use.
///
/// Each key is unsealed and parsed once. The store is read again every five seconds, so a rotation by
/// another process takes effect soon, and when a key is asked for that is not known, though for that at
/// most once a second, so that forged tokens cannot drive the store. While one caller reads, the others go
/// on with the keys that are known; so do all while the store is unavailable.
///
/// Time is what callers say it is.
pub struct KeyRing {
    repository: Arc<dyn SigningKeyRepository>,
    seal: KeySeal,
    known: RwLock<Arc<KnownKeys>>,
    reading: Mutex<LastSearch>,
}

/// When the store was last read in search of an unknown key.
type LastSearch = Option<Timestamp>;

/// A signing key that is ready for use.
pub(crate) struct RingKey {
    /// When it signs and verifies.
    pub(crate) record: SigningKey,
    /// What it signs and verifies with.
    pub(crate) pair: Arc<KeyPair>,
}

struct KnownKeys {
    keys: Vec<Arc<RingKey>>,
    checked_at: Timestamp,
}

/// Why the keys in the store could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A key was sealed under another secret key, or was tampered with.
    #[error(
        "the secret key does not open signing key {0}: it is not the one that this store was set up with"
    )]
    WrongSecretKey(KeyId),
    /// A key opens, but is not what it is said to be.
    #[error("signing key {0} is damaged")]
    Damaged(KeyId),
}

impl From<KeyRingError> for StorageError {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Storage(error) => error,
            KeyRingError::WrongSecretKey(_) | KeyRingError::Damaged(_) => Self::broken(error),
        }
    }
}

impl KeyRing {
    /// For how long the keys are used before the store is read again.
    const CHECKED_FOR: Duration = Duration::from_secs(5);
    /// How much time lies between two searches for unknown keys.
    const SEARCH_INTERVAL: Duration = Duration::from_secs(1);

    /// Reads the keys in `repository`, sealed under `secret`. There may be none yet.
    ///
    /// # Errors
    ///
    /// See [`KeyRingError`]. A wrong secret key is found here, before anybody is served.
    pub async fn load(
        repository: Arc<dyn SigningKeyRepository>,
        secret: &SecretKey,
        now: Timestamp,
    ) -> Result<Self, KeyRingError> {
        let ring = Self {
            repository,
            seal: KeySeal::new(secret),
            known: RwLock::new(Arc::new(KnownKeys { keys: Vec::new(), checked_at: now })),
            reading: Mutex::default(),
        };
        ring.refresh(now).await?;
        Ok(ring)
    }

    /// Reads the store again at once.
    ///
    /// # Errors
    ///
    /// See [`KeyRingError`]; the keys that were known stay in use.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), KeyRingError> {
        let _turn = self.reading.lock().await;
        self.read(now).await
    }

    /// The key that signs at `now`.
    pub(crate) async fn signing(&self, now: Timestamp) -> Result<Option<Arc<RingKey>>, KeyRingError> {
        let current = self.current(now).await?;
        let records = current.verifying(now).map(|key| &key.record);
        let signing = SigningKey::signing(records, now).map(|record| &record.id);
        Ok(signing.and_then(|id| current.find(id)))
    }

    /// The key with this id, if its tokens are accepted at `now`. Says nothing of when it signs.
    pub(crate) async fn verifying(
        &self,
        id: &KeyId,
        now: Timestamp,
    ) -> Result<Option<Arc<RingKey>>, KeyRingError> {
        let mut found = self.current(now).await?.find(id);
        if found.is_none() {
            self.search(now).await?;
            found = self.known().find(id);
        }
        Ok(found.filter(|key| key.record.verifies(now)))
    }

    /// Every key that is published at `now`.
    pub(crate) async fn published(&self, now: Timestamp) -> Result<Vec<Arc<RingKey>>, KeyRingError> {
        Ok(self.current(now).await?.verifying(now).cloned().collect())
    }

    /// The known keys, read again first if it is time.
    async fn current(&self, now: Timestamp) -> Result<Arc<KnownKeys>, KeyRingError> {
        let known = self.known();
        if known.are_fresh(now) {
            return Ok(known);
        }
        let _turn = if known.keys.is_empty() {
            self.reading.lock().await
        } else {
            match self.reading.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(known),
            }
        };
        if !self.known().are_fresh(now) {
            self.read_or_go_on(now).await?;
        }
        Ok(self.known())
    }

    /// Reads the store; while it is unavailable, the keys that are known will do.
    async fn read_or_go_on(&self, now: Timestamp) -> Result<(), KeyRingError> {
        match self.read(now).await {
            Err(KeyRingError::Storage(error)) if error.is_unavailable() && !self.known().keys.is_empty() => {
                let cause = std::error::Error::source(&error);
                tracing::warn!(cause, "signing keys cannot be read; those known stay in use");
                let keys = self.known().keys.clone();
                self.replace(KnownKeys { keys, checked_at: now });
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Reads the store in search of a key that is not known.
    async fn search(&self, now: Timestamp) -> Result<(), KeyRingError> {
        match self.reading.try_lock() {
            // Somebody reads already: what they find serves here too.
            Err(_) => drop(self.reading.lock().await),
            Ok(last) if last.is_some_and(|last| distance(last, now) < Self::SEARCH_INTERVAL) => {}
            Ok(mut last) => {
                *last = Some(now);
                self.read(now).await?;
            }
        }
        Ok(())
    }

    /// Reads the store. Keys that no token depends on any more are left out.
    async fn read(&self, now: Timestamp) -> Result<(), KeyRingError> {
        let stored = self.repository.list().await?;
        let live = stored.into_iter().filter(|record| record.verifies(now));
        let keys = live.map(|record| self.make_ready(record)).collect::<Result<_, _>>()?;
        self.replace(KnownKeys { keys, checked_at: now });
        Ok(())
    }

    fn make_ready(&self, record: SigningKey) -> Result<Arc<RingKey>, KeyRingError> {
        let known = self.known().find(&record.id).filter(|key| key.record.sealed == record.sealed);
        let pair = match known {
            Some(key) => Arc::clone(&key.pair),
            None => Arc::new(open(&self.seal, &record)?),
        };
        Ok(Arc::new(RingKey { record, pair }))
    }

    fn known(&self) -> Arc<KnownKeys> {
        // Nothing panics while it holds the lock.
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, keys: KnownKeys) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl KnownKeys {
    /// An empty ring is never fresh: the first key is about to be made.
    fn are_fresh(&self, now: Timestamp) -> bool {
        !self.keys.is_empty() && distance(self.checked_at, now) < KeyRing::CHECKED_FOR
    }

    fn find(&self, id: &KeyId) -> Option<Arc<RingKey>> {
        self.keys.iter().find(|key| key.record.id == *id).cloned()
    }

    fn verifying(&self, now: Timestamp) -> impl Iterator<Item = &Arc<RingKey>> {
        self.keys.iter().filter(move |key| key.record.verifies(now))
    }
}

fn open(seal: &KeySeal, record: &SigningKey) -> Result<KeyPair, KeyRingError> {
    let private = seal
        .open(&record.id, record.algorithm, &record.sealed)
        .ok_or_else(|| KeyRingError::WrongSecretKey(record.id.clone()))?;
    KeyPair::from_pkcs8(record.algorithm, &private)
        .ok()
        .filter(|pair| pair.id() == record.id)
        .ok_or_else(|| KeyRingError::Damaged(record.id.clone()))
}

/// The time between two moments, whichever comes first: clocks are set back at times.
fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests {
    use portcullis_domain::SigningAlgorithm;

    use super::*;

    #[test]
    fn a_key_that_is_not_what_its_record_says_is_damaged() {
        let seal = KeySeal::new(&SecretKey::new((0..32).collect()).expect("long enough"));
        let private = KeyPair::generate_pkcs8(SigningAlgorithm::EdDsa).expect("a key");
        let id = KeyPair::from_pkcs8(SigningAlgorithm::EdDsa, &private).expect("it can be read").id();
        let record = |id: &KeyId, algorithm| SigningKey {
            id: id.clone(),
            algorithm,
            sealed: seal.seal(id, algorithm, &private),
            created_at: Timestamp::MIN,
            signs_from: Timestamp::MIN,
            verifies_until: None,
        };
        assert!(open(&seal, &record(&id, SigningAlgorithm::EdDsa)).is_ok());
        let other = KeyId::new("other");
        for (id, algorithm) in [(&other, SigningAlgorithm::EdDsa), (&id, SigningAlgorithm::Es256)] {
            let damaged = open(&seal, &record(id, algorithm));
            assert!(matches!(damaged, Err(KeyRingError::Damaged(damaged)) if damaged == *id));
        }
    }
}
