use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, DeleteOutcome, Deletion, StorageError, UserRepository};
use crate::secrets::AttemptKeys;
use crate::services::Auditor;
use crate::values::UserId;

/// Erases somebody else's account, as administrators do.
pub struct DeleteUser {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
    pub(super) attempts: AttemptKeys,
}

/// Why the account stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user has a permission that the caller lacks.
    #[error("the user has a permission that the caller lacks")]
    Forbidden,
    /// Nobody else is an active administrator.
    #[error("nobody else is an active administrator")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl DeleteUser {
    /// Erases the account of `user` and all that hangs on it, for `actor`.
    ///
    /// # Errors
    ///
    /// See [`DeleteUserError`].
    pub async fn delete(&self, actor: &Actor, user: UserId) -> Result<(), DeleteUserError> {
        let event = self.auditor.event(AuditKind::UserDeletion, &actor.origin, self.clock.now()).about(user);
        let deletion = Deletion {
            user,
            authority: actor.authority.clone(),
            verified_hash: None,
            attempts: self.attempts.of_account(user),
            event: event.clone(),
        };
        match self.users.delete(deletion).await? {
            DeleteOutcome::Deleted => {
                self.auditor.stored(&event);
                Ok(())
            }
            DeleteOutcome::NotFound => Err(DeleteUserError::NotFound),
            DeleteOutcome::Outranked => Err(DeleteUserError::Forbidden),
            DeleteOutcome::Refused => {
                Err(StorageError::broken("a deletion that needs no password was refused for one").into())
            }
            DeleteOutcome::LastAdmin => Err(DeleteUserError::LastAdmin),
        }
    }
}
