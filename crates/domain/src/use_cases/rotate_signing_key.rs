use std::sync::Arc;
use std::time::Duration;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::ports::{Clock, KeySuccession, SigningKeyFactory, SigningKeyRepository, StorageError};
use crate::services::Auditor;
use crate::signing_key::{SigningAlgorithm, SigningKey};

/// Replaces the key that signs access tokens.
pub struct RotateSigningKey {
    pub(super) keys: Arc<dyn SigningKeyRepository>,
    pub(super) factory: Arc<dyn SigningKeyFactory>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
    pub(super) policy: Arc<Policy>,
}

/// When a new key starts to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStart {
    /// After ten minutes, when every verifier that honours the cache lifetime of the key set knows it.
    Announced,
    /// At once: verifiers that still hold the old key set refuse its tokens until they fetch it again.
    Immediate,
}

/// Why no key was replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateSigningKeyError {
    /// Somebody else rotated at the same moment.
    #[error("another rotation came first")]
    Raced,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RotateSigningKey {
    /// How long a key is published before it signs.
    pub const ANNOUNCEMENT: Duration = Duration::from_mins(10);
    /// How much longer than its tokens a key lives, for instances whose clocks differ.
    const MARGIN: Duration = Duration::from_mins(1);

    /// Makes the next key for `origin`. Its predecessor signs until then, and verifies until its last token expired.
    ///
    /// # Errors
    ///
    /// See [`RotateSigningKeyError`].
    pub async fn rotate(
        &self,
        origin: &Origin,
        algorithm: SigningAlgorithm,
        start: RotationStart,
    ) -> Result<SigningKey, RotateSigningKeyError> {
        let newest = self.keys.list().await?.pop();
        self.succeed(origin, newest, algorithm, start).await
    }

    /// Makes the key that comes after `predecessor`, unless another one does already.
    pub(super) async fn succeed(
        &self,
        origin: &Origin,
        predecessor: Option<SigningKey>,
        algorithm: SigningAlgorithm,
        start: RotationStart,
    ) -> Result<SigningKey, RotateSigningKeyError> {
        let now = self.clock.now();
        let signs_from = match (start, &predecessor) {
            (RotationStart::Announced, Some(_)) => now + Self::ANNOUNCEMENT,
            (RotationStart::Immediate, _) | (_, None) => now,
        };
        let key = self.factory.generate(algorithm, now, signs_from);
        let predecessor_until = signs_from + self.policy.lifetimes.access_token + Self::MARGIN;
        let event = self
            .auditor
            .event(AuditKind::SigningKeyRotation, origin, now)
            .with("key_id", key.id.as_str())
            .with("algorithm", key.algorithm.name());
        let predecessor = predecessor.map(|key| key.id);
        let succession =
            KeySuccession { key: key.clone(), predecessor, predecessor_until, event: event.clone() };
        if !self.keys.succeed(succession).await? {
            return Err(RotateSigningKeyError::Raced);
        }
        self.auditor.stored(&event);
        Ok(key)
    }
}
