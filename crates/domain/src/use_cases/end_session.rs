use std::sync::Arc;

use crate::ports::{Clock, SessionRepository, StorageError};
use crate::values::{SessionId, UserId};

/// Ends a session that its owner picked from the list.
pub struct EndSession {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why no session was ended.
#[derive(Debug, thiserror::Error)]
pub enum EndSessionError {
    /// The user has no such live session; somebody else's is told no differently.
    #[error("there is no such session")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl EndSession {
    /// Ends the session `id` of `owner`.
    ///
    /// # Errors
    ///
    /// See [`EndSessionError`].
    pub async fn end(&self, owner: UserId, id: SessionId) -> Result<(), EndSessionError> {
        let ended = self.sessions.end(owner, id, self.clock.now()).await?;
        if ended { Ok(()) } else { Err(EndSessionError::NotFound) }
    }
}
