use std::sync::Arc;

use crate::ports::{Clock, ProfileOutcome, StorageError, UserRepository};
use crate::user::{ProfileChange, User};

/// Changes what a user is called.
pub struct UpdateProfile {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) clock: Arc<dyn Clock>,
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
    /// Applies `change` to `user` and returns them as they are then.
    ///
    /// # Errors
    ///
    /// See [`UpdateProfileError`].
    pub async fn update(&self, user: User, change: ProfileChange) -> Result<User, UpdateProfileError> {
        if change.is_empty() {
            return Ok(user);
        }
        match self.users.update_profile(user.id, change, self.clock.now()).await? {
            ProfileOutcome::Updated(user) => Ok(*user),
            ProfileOutcome::UsernameTaken => Err(UpdateProfileError::UsernameTaken),
            ProfileOutcome::NotFound => Err(UpdateProfileError::NotFound),
        }
    }
}
