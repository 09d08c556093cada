use std::sync::Arc;

use crate::ports::{RoleRepository, StorageError};
use crate::role::Role;
use crate::values::UserId;

/// Shows roles, and who holds which.
pub struct ListRoles {
    pub(super) roles: Arc<dyn RoleRepository>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListRolesError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ListRoles {
    /// Every role, by name.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn list(&self) -> Result<Vec<Role>, StorageError> {
        self.roles.list().await
    }

    /// The roles that `user` holds, by name.
    ///
    /// # Errors
    ///
    /// See [`ListRolesError`].
    pub async fn held_by(&self, user: UserId) -> Result<Vec<Role>, ListRolesError> {
        self.roles.held_by(user).await?.ok_or(ListRolesError::NotFound)
    }
}
