use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, RoleAssignment, RoleAssignmentOutcome, RoleRepository, StorageError};
use crate::services::Auditor;
use crate::values::{RoleId, UserId};

/// Gives roles to users.
pub struct AssignRole {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the user holds what they held before.
#[derive(Debug, thiserror::Error)]
pub enum AssignRoleError {
    /// There is no such user, or no such role.
    #[error("there is no such user or role")]
    NotFound,
    /// The user or the role has a permission that the caller lacks.
    #[error("the user or the role has a permission that the caller lacks")]
    Forbidden,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl AssignRole {
    /// Sees to it that `user` holds `role`, for `actor`.
    ///
    /// # Errors
    ///
    /// See [`AssignRoleError`].
    pub async fn assign(&self, actor: &Actor, user: UserId, role: RoleId) -> Result<(), AssignRoleError> {
        let found = self.roles.find(role).await?.ok_or(AssignRoleError::NotFound)?;
        let event = self
            .auditor
            .event(AuditKind::RoleAssignment, &actor.origin, self.clock.now())
            .about(user)
            .with("role_id", role.to_string())
            .with("role", found.name.as_str());
        let authority = actor.authority.clone();
        let assignment = RoleAssignment { user, role, authority, event: event.clone() };
        match self.roles.assign(assignment).await? {
            RoleAssignmentOutcome::Changed => {
                self.auditor.stored(&event);
                Ok(())
            }
            RoleAssignmentOutcome::Unchanged => Ok(()),
            RoleAssignmentOutcome::UserNotFound | RoleAssignmentOutcome::RoleNotFound => {
                Err(AssignRoleError::NotFound)
            }
            RoleAssignmentOutcome::Outranked => Err(AssignRoleError::Forbidden),
            RoleAssignmentOutcome::LastAdmin => {
                Err(StorageError::broken("a role that is given takes no administrator away").into())
            }
        }
    }
}
