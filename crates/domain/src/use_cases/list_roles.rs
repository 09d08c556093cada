use std::sync::Arc;

use crate::ports::{RoleRepository, StorageError};
use crate::role::Role;
use crate::values::{RoleId, RoleName, UserId};

/// Shows roles, and who holds which.
pub struct ListRoles {
    pub(super) roles: Arc<dyn RoleRepository>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ListRolesError {
    /// There is no such role or user.
    #[error("there is nothing with this id or name")]
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

    /// The role with this id.
    ///
    /// # Errors
    ///
    /// See [`ListRolesError`].
    pub async fn find(&self, id: RoleId) -> Result<Role, ListRolesError> {
        self.roles.find(id).await?.ok_or(ListRolesError::NotFound)
    }

    /// The role with this name.
    ///
    /// # Errors
    ///
    /// See [`ListRolesError`].
    pub async fn find_by_name(&self, name: &RoleName) -> Result<Role, ListRolesError> {
        self.roles.find_by_name(name).await?.ok_or(ListRolesError::NotFound)
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
