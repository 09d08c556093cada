use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, StorageError, UnlockOutcome, Unlocking, UserAdministration, UserRepository};
use crate::secrets::AttemptKeys;
use crate::services::Auditor;
use crate::user::User;
use crate::values::UserId;

/// Lifts the lockout of an account, as administrators do.
pub struct UnlockUser {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
    pub(super) attempts: AttemptKeys,
}

/// Why nothing was lifted.
#[derive(Debug, thiserror::Error)]
pub enum UnlockUserError {
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

impl UnlockUser {
    /// Lets the wrong passwords and codes of `user` count from zero again, for `actor`, and returns the user.
    ///
    /// # Errors
    ///
    /// See [`UnlockUserError`].
    pub async fn unlock(&self, actor: &Actor, user: UserId) -> Result<User, UnlockUserError> {
        let found = self.users.find_by_id(user).await?.ok_or(UnlockUserError::NotFound)?.user;
        let event = self.auditor.event(AuditKind::AccountUnlock, &actor.origin, self.clock.now()).about(user);
        let unlocking = Unlocking {
            user,
            authority: actor.authority.clone(),
            attempts: vec![self.attempts.of_account(user), self.attempts.of_codes(&found.email)],
            event: event.clone(),
        };
        match self.administration.unlock(unlocking).await? {
            UnlockOutcome::Unlocked(user) => {
                self.auditor.stored(&event);
                Ok(*user)
            }
            UnlockOutcome::NotFound => Err(UnlockUserError::NotFound),
            UnlockOutcome::Outranked => Err(UnlockUserError::Forbidden),
        }
    }
}
