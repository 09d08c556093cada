use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, RoleAssignment, RoleAssignmentOutcome, RoleRepository, StorageError};
use crate::services::Auditor;
use crate::values::{RoleId, UserId};

/// Gives roles to users and takes them away.
pub struct ChangeRoles {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// Why the user holds what they held before.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRolesError {
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

impl ChangeRoles {
    /// Sees to it that `user` holds `role`, for `actor`.
    ///
    /// # Errors
    ///
    /// See [`ChangeRolesError`].
    pub async fn assign(&self, actor: &Actor, user: UserId, role: RoleId) -> Result<(), ChangeRolesError> {
        let change = self.change(AuditKind::RoleAssignment, actor, user, role).await?;
        self.conclude(&change, self.roles.assign(change.clone()).await?)
    }

    /// Sees to it that `user` does not hold `role`, for `actor`.
    ///
    /// # Errors
    ///
    /// See [`ChangeRolesError`].
    pub async fn revoke(&self, actor: &Actor, user: UserId, role: RoleId) -> Result<(), ChangeRolesError> {
        let change = self.change(AuditKind::RoleRevocation, actor, user, role).await?;
        self.conclude(&change, self.roles.revoke(change.clone()).await?)
    }

    async fn change(
        &self,
        kind: AuditKind,
        actor: &Actor,
        user: UserId,
        role: RoleId,
    ) -> Result<RoleAssignment, ChangeRolesError> {
        let found = self.roles.find(role).await?.ok_or(ChangeRolesError::NotFound)?;
        let event = self
            .auditor
            .event(kind, &actor.origin, self.clock.now())
            .about(user)
            .with("role_id", role.to_string())
            .with("role", found.name.as_str());
        Ok(RoleAssignment { user, role, authority: actor.authority.clone(), event })
    }

    fn conclude(
        &self,
        change: &RoleAssignment,
        outcome: RoleAssignmentOutcome,
    ) -> Result<(), ChangeRolesError> {
        match outcome {
            RoleAssignmentOutcome::Changed => {
                self.auditor.stored(&change.event);
                Ok(())
            }
            RoleAssignmentOutcome::Unchanged => Ok(()),
            RoleAssignmentOutcome::UserNotFound | RoleAssignmentOutcome::RoleNotFound => {
                Err(ChangeRolesError::NotFound)
            }
            RoleAssignmentOutcome::Outranked => Err(ChangeRolesError::Forbidden),
            RoleAssignmentOutcome::LastAdmin => Err(ChangeRolesError::LastAdmin),
        }
    }
}
