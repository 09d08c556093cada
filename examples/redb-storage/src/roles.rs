use async_trait::async_trait;
use portcullis_domain::ports::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome, StorageError,
};
use portcullis_domain::{Account, Role, RoleId, RoleName, User, UserId};
use redb::WriteTransaction;

use crate::RedbStore;
use crate::records::{ACCOUNTS, Changes as _, Lookups as _, ROLES};
use crate::tables::Reads as _;

#[async_trait]
impl RoleRepository for RedbStore {
    async fn list(&self) -> Result<Vec<Role>, StorageError> {
        let mut roles = self.read(|store| store.all(&ROLES, |_| true)).await?;
        roles.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(roles)
    }

    async fn find(&self, id: RoleId) -> Result<Option<Role>, StorageError> {
        self.read(move |store| store.role(id)).await
    }

    async fn find_by_name(&self, name: &RoleName) -> Result<Option<Role>, StorageError> {
        let name = name.clone();
        self.read(move |store| store.role_named(&name)).await
    }

    async fn held_by(&self, user: UserId) -> Result<Option<Vec<Role>>, StorageError> {
        self.read(move |store| store.user(user)?.map(|user| store.roles_named(&user.roles)).transpose()).await
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        self.write(move |store| {
            let RoleCreation { role, event } = creation;
            if !role.fits_among(&store.all(&ROLES, |_| true)?) {
                return Ok(RoleCreationOutcome::TooManyPermissions);
            }
            if store.role_named(&role.name)?.is_some() {
                return Ok(RoleCreationOutcome::NameTaken);
            }
            if store.role(role.id)?.is_some() {
                return Err(StorageError::broken("the id of a new role is in use"));
            }
            store.record(&event)?;
            store.put_role(&role)?;
            Ok(RoleCreationOutcome::Created)
        })
        .await
    }

    async fn update(&self, update: RoleUpdate) -> Result<RoleUpdateOutcome, StorageError> {
        self.write(move |store| {
            let Some(before) = store.role(update.role)? else {
                return Ok(RoleUpdateOutcome::NotFound);
            };
            if !update.authority.cover(&before.authority()) {
                return Ok(RoleUpdateOutcome::Outranked);
            }
            if before.built_in {
                return Ok(RoleUpdateOutcome::BuiltIn);
            }
            let name = update.name.unwrap_or_else(|| before.name.clone());
            let description = update.description.apply(before.description.clone());
            let permissions = update.permissions.unwrap_or_else(|| before.permissions.clone());
            let role = Role { name, description, permissions, ..before };
            if !role.fits_among(&store.all(&ROLES, |_| true)?) {
                return Ok(RoleUpdateOutcome::TooManyPermissions);
            }
            if role.name != before.name && store.role_named(&role.name)?.is_some() {
                return Ok(RoleUpdateOutcome::NameTaken);
            }
            store.record(&update.event)?;
            store.put_role(&role)?;
            if role.name != before.name {
                replace_where_held(store, &before.name, Some(&role.name))?;
            }
            Ok(RoleUpdateOutcome::Updated(role))
        })
        .await
    }

    async fn delete(&self, deletion: RoleDeletion) -> Result<RoleDeletionOutcome, StorageError> {
        self.write(move |store| {
            let Some(role) = store.role(deletion.role)? else {
                return Ok(RoleDeletionOutcome::NotFound);
            };
            if !deletion.authority.cover(&role.authority()) {
                return Ok(RoleDeletionOutcome::Outranked);
            }
            if role.built_in {
                return Ok(RoleDeletionOutcome::BuiltIn);
            }
            store.record(&deletion.event)?;
            store.remove_role(role.id)?;
            replace_where_held(store, &role.name, None)?;
            Ok(RoleDeletionOutcome::Deleted)
        })
        .await
    }

    async fn assign(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(move |store| {
            let (user, role) = match allowed(store, &assignment)? {
                Ok(allowed) => allowed,
                Err(refusal) => return Ok(refusal),
            };
            if user.roles.contains(&role) {
                return Ok(RoleAssignmentOutcome::Unchanged);
            }
            store.record(&assignment.event)?;
            store.change_account(user.id, |account| {
                account.user.roles.push(role);
                account.user.roles.sort_unstable();
            })?;
            Ok(RoleAssignmentOutcome::Changed)
        })
        .await
    }

    async fn revoke(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(move |store| {
            let (user, role) = match allowed(store, &assignment)? {
                Ok(allowed) => allowed,
                Err(refusal) => return Ok(refusal),
            };
            if !user.roles.contains(&role) {
                return Ok(RoleAssignmentOutcome::Unchanged);
            }
            if role.is_admin() && store.is_last_admin(&user)? {
                return Ok(RoleAssignmentOutcome::LastAdmin);
            }
            store.record(&assignment.event)?;
            store.change_account(user.id, |account| account.user.roles.retain(|held| *held != role))?;
            Ok(RoleAssignmentOutcome::Changed)
        })
        .await
    }
}

/// The user and the role that an assignment is about, if its authority covers both.
fn allowed(
    store: &WriteTransaction,
    assignment: &RoleAssignment,
) -> Result<Result<(User, RoleName), RoleAssignmentOutcome>, StorageError> {
    let Some(user) = store.user(assignment.user)? else {
        return Ok(Err(RoleAssignmentOutcome::UserNotFound));
    };
    let Some(role) = store.role(assignment.role)? else {
        return Ok(Err(RoleAssignmentOutcome::RoleNotFound));
    };
    let authority = &assignment.authority;
    let is_covered = store.is_covered(&user, authority)? && authority.cover(&role.authority());
    Ok(if is_covered { Ok((user, role.name)) } else { Err(RoleAssignmentOutcome::Outranked) })
}

/// Gives all who hold one role another in its place, or none.
fn replace_where_held(
    store: &WriteTransaction,
    role: &RoleName,
    other: Option<&RoleName>,
) -> Result<(), StorageError> {
    let holds_it = |account: &Account| account.user.roles.contains(role);
    for mut account in store.all(&ACCOUNTS, holds_it)? {
        let held = &mut account.user.roles;
        held.retain(|name| name != role);
        held.extend(other.cloned());
        held.sort_unstable();
        store.put_account(&account)?;
    }
    Ok(())
}
