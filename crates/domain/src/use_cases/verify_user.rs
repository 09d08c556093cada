use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, StorageError, UserAdministration, UserUpdate, UserUpdateOutcome};
use crate::services::Auditor;
use crate::user::{ProfileChange, User};
use crate::values::UserId;

/// Takes somebody else's address for verified, as administrators do.
pub struct VerifyUser {
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the address counts as before.
#[derive(Debug, thiserror::Error)]
pub enum VerifyUserError {
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

impl VerifyUser {
    /// Lets the address of `user` count as verified, for `actor`, and returns the user.
    ///
    /// # Errors
    ///
    /// See [`VerifyUserError`].
    pub async fn verify(&self, actor: &Actor, user: UserId) -> Result<User, VerifyUserError> {
        let now = self.clock.now();
        let event = self
            .auditor
            .event(AuditKind::UserUpdate, &actor.origin, now)
            .about(user)
            .with("fields", "email_verified");
        let update = UserUpdate {
            user,
            authority: actor.authority.clone(),
            profile: ProfileChange::default(),
            email: None,
            verifies_email: true,
            is_active: None,
            now,
            mails: Vec::new(),
            seen: None,
            event: event.clone(),
        };
        match self.administration.update(update).await? {
            UserUpdateOutcome::Updated(user) => {
                self.auditor.stored(&event);
                Ok(*user)
            }
            UserUpdateOutcome::NotFound => Err(VerifyUserError::NotFound),
            UserUpdateOutcome::Outranked => Err(VerifyUserError::Forbidden),
            UserUpdateOutcome::LastAdmin
            | UserUpdateOutcome::EmailTaken
            | UserUpdateOutcome::UsernameTaken
            | UserUpdateOutcome::Overtaken => {
                Err(StorageError::broken("a verification changes no address, username or role").into())
            }
        }
    }
}
