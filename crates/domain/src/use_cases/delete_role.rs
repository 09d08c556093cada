use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, RoleDeletion, RoleDeletionOutcome, RoleRepository, StorageError};
use crate::services::Auditor;
use crate::values::RoleId;

/// Deletes a role, and takes it from all who hold it.
pub struct DeleteRole {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the role stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRoleError {
    /// There is no such role.
    #[error("there is no such role")]
    NotFound,
    /// It has a permission that the caller lacks.
    #[error("the role has a permission that the caller lacks")]
    Forbidden,
    /// It is built in.
    #[error("the role is built in")]
    BuiltIn,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl DeleteRole {
    /// Deletes the role `role` for `actor`.
    ///
    /// # Errors
    ///
    /// See [`DeleteRoleError`].
    pub async fn delete(&self, actor: &Actor, role: RoleId) -> Result<(), DeleteRoleError> {
        let found = self.roles.find(role).await?.ok_or(DeleteRoleError::NotFound)?;
        let event = self
            .auditor
            .event(AuditKind::RoleDeletion, &actor.origin, self.clock.now())
            .with("role_id", role.to_string())
            .with("role", found.name.as_str());
        let deletion = RoleDeletion { role, authority: actor.authority.clone(), event: event.clone() };
        match self.roles.delete(deletion).await? {
            RoleDeletionOutcome::Deleted => {
                self.auditor.stored(&event);
                Ok(())
            }
            RoleDeletionOutcome::NotFound => Err(DeleteRoleError::NotFound),
            RoleDeletionOutcome::Outranked => Err(DeleteRoleError::Forbidden),
            RoleDeletionOutcome::BuiltIn => Err(DeleteRoleError::BuiltIn),
        }
    }
}
