use std::sync::Arc;

use crate::ports::{SessionRepository, StorageError};
use crate::values::UserId;

/// Ends every session of a user.
pub struct LogoutAll {
    pub(super) sessions: Arc<dyn SessionRepository>,
}

impl LogoutAll {
    /// Ends every session of `user`, that of the caller too.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: all go on.
    pub async fn logout_all(&self, user: UserId) -> Result<(), StorageError> {
        self.sessions.end_all(user).await
    }
}
