use std::sync::Arc;

use crate::ports::{RoleRepository, StorageError};
use crate::role::Role;
use crate::values::{RoleId, RoleName};

/// Shows one role.
pub struct FindRole {
    pub(super) roles: Arc<dyn RoleRepository>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum FindRoleError {
    /// There is no such role.
    #[error("there is no such role")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl FindRole {
    /// The role with this id.
    ///
    /// # Errors
    ///
    /// See [`FindRoleError`].
    pub async fn find(&self, id: RoleId) -> Result<Role, FindRoleError> {
        self.roles.find(id).await?.ok_or(FindRoleError::NotFound)
    }

    /// The role with this name.
    ///
    /// # Errors
    ///
    /// See [`FindRoleError`].
    pub async fn find_by_name(&self, name: &RoleName) -> Result<Role, FindRoleError> {
        self.roles.find_by_name(name).await?.ok_or(FindRoleError::NotFound)
    }
}
