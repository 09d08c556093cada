use std::sync::Arc;

use crate::ports::{StorageError, UserRepository};
use crate::user::{LoginIdentifier, User};
use crate::values::UserId;

/// Shows one account.
pub struct FindUser {
    pub(super) users: Arc<dyn UserRepository>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum FindUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl FindUser {
    /// The user with this id.
    ///
    /// # Errors
    ///
    /// See [`FindUserError`].
    pub async fn find(&self, id: UserId) -> Result<User, FindUserError> {
        let account = self.users.find_by_id(id).await?.ok_or(FindUserError::NotFound)?;
        Ok(account.user)
    }

    /// The user who signs in with `identifier`.
    ///
    /// # Errors
    ///
    /// See [`FindUserError`].
    pub async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<User, FindUserError> {
        let account = self.users.find_by_login(identifier).await?.ok_or(FindUserError::NotFound)?;
        Ok(account.user)
    }
}
