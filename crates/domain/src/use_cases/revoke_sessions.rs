use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, EndAllOutcome, SessionRepository, SessionsEnding, StorageError};
use crate::services::Auditor;
use crate::values::UserId;

/// Signs somebody else out everywhere, as administrators do.
pub struct RevokeSessions {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the sessions go on.
#[derive(Debug, thiserror::Error)]
pub enum RevokeSessionsError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user has a permission that the caller lacks.
    #[error("the user has a permission that the caller lacks")]
    Forbidden,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RevokeSessions {
    /// Ends every session of `user` for `actor`.
    ///
    /// # Errors
    ///
    /// See [`RevokeSessionsError`].
    pub async fn revoke(&self, actor: &Actor, user: UserId) -> Result<(), RevokeSessionsError> {
        let event =
            self.auditor.event(AuditKind::SessionRevocation, &actor.origin, self.clock.now()).about(user);
        let ending = SessionsEnding { user, authority: actor.authority.clone(), event: event.clone() };
        match self.sessions.end_all(ending).await? {
            EndAllOutcome::Ended => {
                self.auditor.stored(&event);
                Ok(())
            }
            EndAllOutcome::NotFound => Err(RevokeSessionsError::NotFound),
            EndAllOutcome::Outranked => Err(RevokeSessionsError::Forbidden),
        }
    }
}
