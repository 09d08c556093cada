use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::ports::{Clock, RoleRepository, RoleUpdate, RoleUpdateOutcome, StorageError};
use crate::role::Role;
use crate::services::Auditor;
use crate::user::Change;
use crate::values::{Permission, RoleDescription, RoleId, RoleName};

/// Changes a role, for all who hold it.
pub struct UpdateRole {
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
}

/// What shall be different.
#[derive(Clone, Debug, Default)]
pub struct UpdateRoleCommand {
    /// What it is called.
    pub name: Option<RoleName>,
    /// What it is for.
    pub description: Change<RoleDescription>,
    /// All that its holders may do.
    pub permissions: Option<BTreeSet<Permission>>,
}

/// Why the role stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum UpdateRoleError {
    /// There is no such role.
    #[error("there is no such role")]
    NotFound,
    /// It has, or would have, a permission that the caller lacks.
    #[error("the role has a permission that the caller lacks")]
    Forbidden,
    /// It is built in.
    #[error("the role is built in")]
    BuiltIn,
    /// With its new ones, roles would name [more permissions](Role::MAX_NAMED_OCTETS) than they may.
    #[error("roles would name too many permissions")]
    TooManyPermissions,
    /// Another role has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl UpdateRole {
    /// Changes the role `role` for `actor`, and returns it as it is then.
    ///
    /// # Errors
    ///
    /// See [`UpdateRoleError`].
    pub async fn update(
        &self,
        actor: &Actor,
        role: RoleId,
        command: UpdateRoleCommand,
    ) -> Result<Role, UpdateRoleError> {
        let found = self.roles.find(role).await?.ok_or(UpdateRoleError::NotFound)?;
        if !actor.authority.cover_all(command.permissions.iter().flatten()) {
            return Err(UpdateRoleError::Forbidden);
        }
        let fields = command.fields();
        if fields.is_empty() {
            return Ok(found);
        }
        let event = self
            .auditor
            .event(AuditKind::RoleUpdate, &actor.origin, self.clock.now())
            .with("role_id", role.to_string())
            .with("role", found.name.as_str())
            .with("fields", fields.join(","));
        let UpdateRoleCommand { name, description, permissions } = command;
        let authority = actor.authority.clone();
        let update = RoleUpdate { role, name, description, permissions, authority, event: event.clone() };
        match self.roles.update(update).await? {
            RoleUpdateOutcome::Updated(role) => {
                self.auditor.stored(&event);
                Ok(role)
            }
            RoleUpdateOutcome::NotFound => Err(UpdateRoleError::NotFound),
            RoleUpdateOutcome::Outranked => Err(UpdateRoleError::Forbidden),
            RoleUpdateOutcome::BuiltIn => Err(UpdateRoleError::BuiltIn),
            RoleUpdateOutcome::TooManyPermissions => Err(UpdateRoleError::TooManyPermissions),
            RoleUpdateOutcome::NameTaken => Err(UpdateRoleError::NameTaken),
        }
    }
}

impl UpdateRoleCommand {
    /// The names of the fields that it does not keep.
    fn fields(&self) -> Vec<&'static str> {
        let Self { name, description, permissions } = self;
        [
            ("name", name.is_some()),
            ("description", !description.is_keep()),
            ("permissions", permissions.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, changes)| changes.then_some(field))
        .collect()
    }
}
