use async_trait::async_trait;
use portcullis_domain::ports::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome, StorageError,
};
use portcullis_domain::{Role, RoleId, RoleName, User, UserId};

use super::MemoryStorage;
use super::state::State;

#[async_trait]
impl RoleRepository for MemoryStorage {
    async fn list(&self) -> Result<Vec<Role>, StorageError> {
        Ok(self.step("RoleRepository::list").await?.roles.values().cloned().collect())
    }

    async fn find(&self, id: RoleId) -> Result<Option<Role>, StorageError> {
        Ok(self.step("RoleRepository::find").await?.role(id).cloned())
    }

    async fn find_by_name(&self, name: &RoleName) -> Result<Option<Role>, StorageError> {
        Ok(self.step("RoleRepository::find_by_name").await?.roles.get(name).cloned())
    }

    async fn held_by(&self, user: UserId) -> Result<Option<Vec<Role>>, StorageError> {
        let state = self.step("RoleRepository::held_by").await?;
        let held =
            |user: &User| user.roles.iter().filter_map(|name| state.roles.get(name)).cloned().collect();
        Ok(state.user(user).map(held))
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        let mut state = self.step("RoleRepository::create").await?;
        let RoleCreation { role, event } = creation;
        if !state.has_room_for(&role) {
            return Ok(RoleCreationOutcome::TooManyPermissions);
        }
        if state.roles.contains_key(&role.name) {
            return Ok(RoleCreationOutcome::NameTaken);
        }
        if state.role(role.id).is_some() {
            return Err(StorageError::broken("the id of a new role is in use"));
        }
        state.record(event)?;
        state.roles.insert(role.name.clone(), role);
        Ok(RoleCreationOutcome::Created)
    }

    async fn update(&self, update: RoleUpdate) -> Result<RoleUpdateOutcome, StorageError> {
        let mut state = self.step("RoleRepository::update").await?;
        let Some(before) = state.role(update.role).cloned() else {
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
        if !state.has_room_for(&role) {
            return Ok(RoleUpdateOutcome::TooManyPermissions);
        }
        if role.name != before.name && state.roles.contains_key(&role.name) {
            return Ok(RoleUpdateOutcome::NameTaken);
        }
        state.record(update.event)?;
        state.roles.remove(&before.name);
        state.roles.insert(role.name.clone(), role.clone());
        state.rename_where_held(&before.name, &role.name);
        Ok(RoleUpdateOutcome::Updated(role))
    }

    async fn delete(&self, deletion: RoleDeletion) -> Result<RoleDeletionOutcome, StorageError> {
        let mut state = self.step("RoleRepository::delete").await?;
        let Some(role) = state.role(deletion.role).cloned() else {
            return Ok(RoleDeletionOutcome::NotFound);
        };
        if !deletion.authority.cover(&role.authority()) {
            return Ok(RoleDeletionOutcome::Outranked);
        }
        if role.built_in {
            return Ok(RoleDeletionOutcome::BuiltIn);
        }
        state.record(deletion.event)?;
        state.roles.remove(&role.name);
        for account in state.accounts.values_mut() {
            account.user.roles.retain(|held| *held != role.name);
        }
        Ok(RoleDeletionOutcome::Deleted)
    }

    async fn assign(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        let mut state = self.step("RoleRepository::assign").await?;
        let (user, role) = match state.allowed(&assignment) {
            Ok(allowed) => allowed,
            Err(refusal) => return Ok(refusal),
        };
        if user.roles.contains(&role) {
            return Ok(RoleAssignmentOutcome::Unchanged);
        }
        state.record(assignment.event)?;
        let held = &mut state.account_mut(user.id)?.user.roles;
        held.push(role);
        held.sort_unstable();
        Ok(RoleAssignmentOutcome::Changed)
    }

    async fn revoke(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        let mut state = self.step("RoleRepository::revoke").await?;
        let (user, role) = match state.allowed(&assignment) {
            Ok(allowed) => allowed,
            Err(refusal) => return Ok(refusal),
        };
        if !user.roles.contains(&role) {
            return Ok(RoleAssignmentOutcome::Unchanged);
        }
        if role.is_admin() && state.is_last_admin(&user) {
            return Ok(RoleAssignmentOutcome::LastAdmin);
        }
        state.record(assignment.event)?;
        state.account_mut(user.id)?.user.roles.retain(|held| *held != role);
        Ok(RoleAssignmentOutcome::Changed)
    }
}

impl State {
    fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.values().find(|role| role.id == id)
    }

    fn has_room_for(&self, role: &Role) -> bool {
        role.fits_among(&self.roles.values().cloned().collect::<Vec<_>>())
    }

    /// The user and the role that an assignment is about, if its authority covers both.
    fn allowed(&self, assignment: &RoleAssignment) -> Result<(User, RoleName), RoleAssignmentOutcome> {
        let user = self.user(assignment.user).ok_or(RoleAssignmentOutcome::UserNotFound)?;
        let role = self.role(assignment.role).ok_or(RoleAssignmentOutcome::RoleNotFound)?;
        let authority = &assignment.authority;
        let covered = self.is_covered(user, authority) && authority.cover(&role.authority());
        covered.then(|| (user.clone(), role.name.clone())).ok_or(RoleAssignmentOutcome::Outranked)
    }

    fn rename_where_held(&mut self, before: &RoleName, after: &RoleName) {
        for account in self.accounts.values_mut() {
            let held = &mut account.user.roles;
            if let Some(name) = held.iter_mut().find(|name| *name == before) {
                name.clone_from(after);
                held.sort_unstable();
            }
        }
    }
}
