//! How the cases look roles up and change them, in one line each.

use std::collections::BTreeSet;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleUpdate, RoleUpdateOutcome,
};
use portcullis_domain::{Change, Permission, Permissions, Role, RoleId, RoleName, UserId};

use crate::Storage;
use crate::contract::steps::{everything, role_assignment};
use crate::fixtures::{event, permission};

/// The authority of who may do exactly this.
pub(super) fn only(permissions: &[&str]) -> Permissions {
    Permissions::only(permissions.iter().map(|text| permission(text)))
}

pub(super) fn permissions(texts: &[&str]) -> BTreeSet<Permission> {
    texts.iter().map(|text| permission(text)).collect()
}

pub(super) fn creation(role: &Role) -> RoleCreation {
    RoleCreation { role: role.clone(), event: event(AuditKind::RoleCreation) }
}

/// A change with every authority that keeps all there is to keep.
pub(super) fn update(role: RoleId) -> RoleUpdate {
    RoleUpdate {
        role,
        name: None,
        description: Change::Keep,
        permissions: None,
        authority: everything(),
        event: event(AuditKind::RoleUpdate),
    }
}

/// A deletion with every authority.
pub(super) fn deletion(role: RoleId) -> RoleDeletion {
    RoleDeletion { role, authority: everything(), event: event(AuditKind::RoleDeletion) }
}

/// A role to be given or taken by somebody who may do exactly this.
pub(super) fn assignment_by(user: UserId, role: RoleId, authority: &[&str]) -> RoleAssignment {
    RoleAssignment { authority: only(authority), ..role_assignment(user, role) }
}

impl Storage {
    pub(super) async fn create_role(&self, role: &Role) -> RoleCreationOutcome {
        self.roles.create(creation(role)).await.expect("create")
    }

    pub(super) async fn update_role(&self, update: RoleUpdate) -> RoleUpdateOutcome {
        self.roles.update(update).await.expect("update")
    }

    pub(super) async fn delete_role(&self, deletion: RoleDeletion) -> RoleDeletionOutcome {
        self.roles.delete(deletion).await.expect("delete")
    }

    pub(super) async fn assign(&self, assignment: RoleAssignment) -> RoleAssignmentOutcome {
        self.roles.assign(assignment).await.expect("assign")
    }

    pub(super) async fn revoke(&self, assignment: RoleAssignment) -> RoleAssignmentOutcome {
        self.roles.revoke(assignment).await.expect("revoke")
    }

    pub(super) async fn all_roles(&self) -> Vec<Role> {
        self.roles.list().await.expect("list")
    }

    /// The names of the roles that a user holds; none when there is no such user.
    pub(super) async fn held_by(&self, user: UserId) -> Option<Vec<RoleName>> {
        let held = self.roles.held_by(user).await.expect("look")?;
        Some(held.into_iter().map(|role| role.name).collect())
    }
}
