use std::sync::Arc;

use crate::ports::{AccessTokens, Clock, StorageError};

/// Shows the keys with which others verify access tokens.
pub struct PublishKeys {
    pub(super) access_tokens: Arc<dyn AccessTokens>,
    pub(super) clock: Arc<dyn Clock>,
}

impl PublishKeys {
    /// A JWK Set (RFC 7517) as JSON text.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn publish(&self) -> Result<String, StorageError> {
        self.access_tokens.public_keys(self.clock.now()).await
    }
}
