use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, SessionEnding, SessionRepository, StorageError};
use crate::services::Auditor;
use crate::values::{Client, SessionId, UserId};

/// Ends a session that its owner picked from the list.
pub struct EndSession {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
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
    /// Ends the session `id` of `owner`, who asks for it from `client`.
    ///
    /// # Errors
    ///
    /// See [`EndSessionError`].
    pub async fn end(&self, owner: UserId, id: SessionId, client: Client) -> Result<(), EndSessionError> {
        let now = self.clock.now();
        let event = self
            .auditor
            .event(AuditKind::Logout, &Origin::user(owner, client), now)
            .about(owner)
            .with("session_id", id.to_string());
        let ending = SessionEnding { user: owner, session: id, now, event: event.clone() };
        if !self.sessions.end(ending).await? {
            return Err(EndSessionError::NotFound);
        }
        self.auditor.stored(&event);
        Ok(())
    }
}
