use std::sync::Arc;

use crate::ports::{Clock, SessionRepository, StorageError};
use crate::session::Session;
use crate::values::UserId;

/// Shows a user where they are signed in.
pub struct ListSessions {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

impl ListSessions {
    /// The live sessions of `user`, the newest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn list(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        self.sessions.list(user, self.clock.now()).await
    }
}
