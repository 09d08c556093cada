use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, RoleAssignment, RoleAssignmentOutcome, RoleRepository, StorageError};
use crate::services::Auditor;
use crate::values::{RoleId, UserId};

/// Takes roles from users.
pub struct RevokeRole {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the user holds what they held before.
#[derive(Debug, thiserror::Error)]
pub enum RevokeRoleError {
    /// There is no such user, or no such role.
    #[error("there is no such user or role")]
    NotFound,
    /// The user or the role has a permission that the caller lacks.
    #[error("the user or the role has a permission that the caller lacks")]
    Forbidden,
    /// Nobody else is an active administrator.
    #[error("nobody else is an active administrator")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RevokeRole {
    /// Sees to it that `user` does not hold `role`, for `actor`.
    ///
    /// # Errors
    ///
    /// See [`RevokeRoleError`].
    pub async fn revoke(&self, actor: &Actor, user: UserId, role: RoleId) -> Result<(), RevokeRoleError> {
        let found = self.roles.find(role).await?.ok_or(RevokeRoleError::NotFound)?;
        let event = self
            .auditor
            .event(AuditKind::RoleRevocation, &actor.origin, self.clock.now())
            .about(user)
            .with("role_id", role.to_string())
            .with("role", found.name.as_str());
        let authority = actor.authority.clone();
        let assignment = RoleAssignment { user, role, authority, event: event.clone() };
        match self.roles.revoke(assignment).await? {
            RoleAssignmentOutcome::Changed => {
                self.auditor.stored(&event);
                Ok(())
            }
            RoleAssignmentOutcome::Unchanged => Ok(()),
            RoleAssignmentOutcome::UserNotFound | RoleAssignmentOutcome::RoleNotFound => {
                Err(RevokeRoleError::NotFound)
            }
            RoleAssignmentOutcome::Outranked => Err(RevokeRoleError::Forbidden),
            RoleAssignmentOutcome::LastAdmin => Err(RevokeRoleError::LastAdmin),
        }
    }
}
