use std::sync::Arc;

use super::{RotateSigningKey, RotateSigningKeyError, RotationStart};
use crate::origin::Origin;
use crate::ports::{SigningKeyRepository, StorageError};
use crate::signing_key::SigningAlgorithm;

/// Sees to it that there is a key of the configured algorithm, whenever an instance starts.
pub struct EnsureSigningKey {
    pub(super) keys: Arc<dyn SigningKeyRepository>,
    pub(super) rotate: RotateSigningKey,
}

impl EnsureSigningKey {
    /// Makes the first key, which signs at once, or an announced one when the newest key is of another
    /// algorithm. Of many instances that start together, one does.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn ensure(&self, algorithm: SigningAlgorithm) -> Result<(), StorageError> {
        let newest = self.keys.list().await?.pop();
        if newest.as_ref().is_some_and(|key| key.algorithm == algorithm) {
            return Ok(());
        }
        // It comes after what was looked at: what another instance made meanwhile needs no successor.
        let origin = Origin::operator();
        match self.rotate.succeed(&origin, newest, algorithm, RotationStart::Announced).await {
            Ok(_) | Err(RotateSigningKeyError::Raced) => Ok(()),
            Err(RotateSigningKeyError::Storage(error)) => Err(error),
        }
    }
}
