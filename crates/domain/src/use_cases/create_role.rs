use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, Entropy, RoleCreation, RoleCreationOutcome, RoleRepository, StorageError};
use crate::role::Role;
use crate::services::Auditor;
use crate::values::{Permission, RoleDescription, RoleId, RoleName};

/// Makes a role.
pub struct CreateRole {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) auditor: Auditor,
}

/// The role to be made.
#[derive(Clone, Debug)]
pub struct CreateRoleCommand {
    /// What it is called.
    pub name: RoleName,
    /// What it is for.
    pub description: Option<RoleDescription>,
    /// What its holders may do.
    pub permissions: BTreeSet<Permission>,
}

/// Why no role was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateRoleError {
    /// It would have a permission that the caller lacks.
    #[error("the role has a permission that the caller lacks")]
    Forbidden,
    /// With it, roles would name [more permissions](Role::MAX_NAMED_OCTETS) than they may.
    #[error("roles would name too many permissions")]
    TooManyPermissions,
    /// Another role has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateRole {
    /// Makes the role for `actor`.
    ///
    /// # Errors
    ///
    /// See [`CreateRoleError`].
    pub async fn create(&self, actor: &Actor, command: CreateRoleCommand) -> Result<Role, CreateRoleError> {
        let CreateRoleCommand { name, description, permissions } = command;
        if !actor.authority.cover_all(&permissions) {
            return Err(CreateRoleError::Forbidden);
        }
        let now = self.clock.now();
        let id = RoleId::generate(now, self.entropy.as_ref());
        let event = self
            .auditor
            .event(AuditKind::RoleCreation, &actor.origin, now)
            .with("role_id", id.to_string())
            .with("role", name.as_str());
        let role = Role { id, name, description, built_in: false, permissions };
        match self.roles.create(RoleCreation { role: role.clone(), event: event.clone() }).await? {
            RoleCreationOutcome::Created => {
                self.auditor.stored(&event);
                Ok(role)
            }
            RoleCreationOutcome::TooManyPermissions => Err(CreateRoleError::TooManyPermissions),
            RoleCreationOutcome::NameTaken => Err(CreateRoleError::NameTaken),
        }
    }
}
