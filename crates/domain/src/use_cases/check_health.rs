use std::sync::Arc;

use crate::ports::{StorageError, UserRepository};

/// Finds out whether the store answers.
pub struct CheckHealth {
    pub(super) users: Arc<dyn UserRepository>,
}

impl CheckHealth {
    /// Returns when the store has answered.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when it does not.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.users.ping().await
    }
}
