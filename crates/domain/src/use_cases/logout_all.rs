use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, EndAllOutcome, SessionRepository, SessionsEnding, StorageError};
use crate::services::Auditor;
use crate::values::{Client, Permissions, UserId};

/// Ends every session of a user.
pub struct LogoutAll {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

impl LogoutAll {
    /// Ends every session of `user`, that of the caller too, as they ask from `client`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: all go on.
    pub async fn logout_all(&self, user: UserId, client: Client) -> Result<(), StorageError> {
        let origin = Origin::user(user, client);
        let event = self.auditor.event(AuditKind::LogoutAll, &origin, self.clock.now()).about(user);
        // Everybody has authority over themselves, whatever they were given since the call began.
        let ending = SessionsEnding { user, authority: Permissions::every([]), event: event.clone() };
        match self.sessions.end_all(ending).await? {
            EndAllOutcome::Ended => {
                self.auditor.stored(&event);
                Ok(())
            }
            EndAllOutcome::NotFound => Ok(()),
            EndAllOutcome::Outranked => Err(StorageError::broken("every permission was outranked")),
        }
    }
}
