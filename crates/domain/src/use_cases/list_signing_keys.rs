use std::sync::Arc;

use crate::ports::{Clock, SigningKeyRepository, StorageError};
use crate::signing_key::{KeyState, SigningKey};

/// Shows the keys that sign access tokens.
pub struct ListSigningKeys {
    pub(super) keys: Arc<dyn SigningKeyRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

impl ListSigningKeys {
    /// Every key, the oldest first, with what it does at the moment.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<(SigningKey, KeyState)>, StorageError> {
        let (keys, now) = (self.keys.list().await?, self.clock.now());
        let signing = SigningKey::signing(&keys, now).cloned();
        let with_state = |key: SigningKey| {
            let state = KeyState::of(&key, signing.as_ref(), now);
            (key, state)
        };
        Ok(keys.into_iter().map(with_state).collect())
    }
}
