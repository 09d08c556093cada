use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ports::{RoleRepository, StorageError};
use crate::values::{OwnPermission, Permission};

/// Shows which permissions there are.
pub struct ListPermissions {
    pub(super) roles: Arc<dyn RoleRepository>,
}

impl ListPermissions {
    /// The product's own permissions and those that roles name, by name; each with what its holders may do,
    /// where that is known.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn list(&self) -> Result<BTreeMap<Permission, Option<&'static str>>, StorageError> {
        let named = self.roles.list().await?.into_iter().flat_map(|role| role.permissions);
        let mut permissions: BTreeMap<_, _> = named.map(|permission| (permission, None)).collect();
        permissions
            .extend(OwnPermission::ALL.iter().map(|&own| (Permission::from(own), Some(own.description()))));
        Ok(permissions)
    }
}
