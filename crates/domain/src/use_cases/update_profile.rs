use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, ProfileOutcome, ProfileUpdate, StorageError, UserRepository};
use crate::services::Auditor;
use crate::user::{ProfileChange, User};
use crate::values::Client;

/// Changes what a user is called.
pub struct UpdateProfile {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the profile stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum UpdateProfileError {
    /// Another account has the username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The user is gone.
    #[error("there is no such user")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl UpdateProfile {
    /// Applies `change` to `user`, who asks for it from `client`, and returns them as they are then.
    ///
    /// # Errors
    ///
    /// See [`UpdateProfileError`].
    pub async fn update(
        &self,
        user: User,
        change: ProfileChange,
        client: Client,
    ) -> Result<User, UpdateProfileError> {
        if change.is_empty() {
            return Ok(user);
        }
        let now = self.clock.now();
        let event = self
            .auditor
            .event(AuditKind::ProfileChange, &Origin::user(user.id, client), now)
            .about(user.id)
            .with("fields", change.fields().join(","));
        let update = ProfileUpdate { user: user.id, change, now, event: event.clone() };
        match self.users.update_profile(update).await? {
            ProfileOutcome::Updated(user) => {
                self.auditor.stored(&event);
                Ok(*user)
            }
            ProfileOutcome::UsernameTaken => Err(UpdateProfileError::UsernameTaken),
            ProfileOutcome::NotFound => Err(UpdateProfileError::NotFound),
        }
    }
}
