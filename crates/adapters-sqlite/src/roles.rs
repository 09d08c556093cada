//! [`RoleRepository`]: what roles allow, and who holds them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use portcullis_domain::ports::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome, StorageError,
};
use portcullis_domain::{Permission, Role, RoleDescription, RoleId, RoleName, User, UserId};

use crate::audit_trail;
use crate::authority::{self, Found, is_last_admin};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::RoleRow;
use crate::schema::{complete_roles, role_permissions, roles, user_roles, users};
use crate::store::SqliteStore;

#[async_trait]
impl RoleRepository for SqliteStore {
    async fn list(&self) -> Result<Vec<Role>, StorageError> {
        self.read(list).await
    }

    async fn find(&self, id: RoleId) -> Result<Option<Role>, StorageError> {
        self.read(move |connection| find(connection, id)).await
    }

    async fn find_by_name(&self, name: &RoleName) -> Result<Option<Role>, StorageError> {
        let name = name.clone();
        self.read(move |connection| {
            let row = complete_roles::table
                .filter(complete_roles::name.eq(name.as_str()))
                .select(RoleRow::as_select())
                .get_result(connection)
                .optional()?;
            Ok(row.map(RoleRow::try_into_domain).transpose()?)
        })
        .await
    }

    async fn held_by(&self, user: UserId) -> Result<Option<Vec<Role>>, StorageError> {
        self.read(move |connection| connection.transaction(|connection| held_by(connection, user))).await
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        self.write(move |connection| create(connection, &creation)).await
    }

    async fn update(&self, update: RoleUpdate) -> Result<RoleUpdateOutcome, StorageError> {
        self.write(move |connection| self::update(connection, update)).await
    }

    async fn delete(&self, deletion: RoleDeletion) -> Result<RoleDeletionOutcome, StorageError> {
        self.write(move |connection| delete(connection, &deletion)).await
    }

    async fn assign(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(move |connection| change(connection, &assignment, assign)).await
    }

    async fn revoke(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(move |connection| change(connection, &assignment, revoke)).await
    }
}

/// Every role, by name.
fn list(connection: &mut SqliteConnection) -> Result<Vec<Role>, Failure> {
    let rows =
        complete_roles::table.order(complete_roles::name).select(RoleRow::as_select()).load(connection)?;
    Ok(rows.into_iter().map(RoleRow::try_into_domain).collect::<Result<_, _>>()?)
}

pub(crate) fn find(connection: &mut SqliteConnection, id: RoleId) -> Result<Option<Role>, Failure> {
    let row = complete_roles::table
        .find(id.uuid().into_bytes())
        .select(RoleRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(RoleRow::try_into_domain).transpose()?)
}

/// The id of the role with this name.
pub(crate) fn id_of(connection: &mut SqliteConnection, name: &RoleName) -> QueryResult<Option<Vec<u8>>> {
    roles::table.filter(roles::name.eq(name.as_str())).select(roles::id).get_result(connection).optional()
}

fn held_by(connection: &mut SqliteConnection, user: UserId) -> Result<Option<Vec<Role>>, Failure> {
    let id = user.uuid().into_bytes();
    if !select(exists(users::table.find(id))).get_result::<bool>(connection)? {
        return Ok(None);
    }
    let rows: Vec<RoleRow> = user_roles::table
        .inner_join(complete_roles::table)
        .filter(user_roles::user_id.eq(id))
        .select(RoleRow::as_select())
        .load(connection)?;
    let mut held: Vec<_> = rows.into_iter().map(RoleRow::try_into_domain).collect::<Result<_, _>>()?;
    held.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(Some(held))
}

fn create(
    connection: &mut SqliteConnection,
    creation: &RoleCreation,
) -> Result<RoleCreationOutcome, Failure> {
    let RoleCreation { role, event } = creation;
    if !role.fits_among(&list(connection)?) {
        return Ok(RoleCreationOutcome::TooManyPermissions);
    }
    if !insert(connection, role)? {
        return Ok(RoleCreationOutcome::NameTaken);
    }
    audit_trail::insert(connection, event)?;
    Ok(RoleCreationOutcome::Created)
}

/// Adds a role, unless another has its id or its name. Says whether it did.
pub(crate) fn insert(connection: &mut SqliteConnection, role: &Role) -> QueryResult<bool> {
    let added = diesel::insert_into(roles::table)
        .values((
            roles::id.eq(role.id.uuid().into_bytes()),
            roles::name.eq(role.name.as_str()),
            roles::description.eq(role.description.as_ref().map(RoleDescription::as_str)),
            roles::built_in.eq(role.built_in),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if added == 1 {
        permit(connection, role.id, &role.permissions)?;
    }
    Ok(added == 1)
}

fn permit(
    connection: &mut SqliteConnection,
    role: RoleId,
    permissions: &BTreeSet<Permission>,
) -> QueryResult<()> {
    for permission in permissions {
        diesel::insert_into(role_permissions::table)
            .values((
                role_permissions::role_id.eq(role.uuid().into_bytes()),
                role_permissions::permission.eq(permission.as_str()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

fn update(connection: &mut SqliteConnection, update: RoleUpdate) -> Result<RoleUpdateOutcome, Failure> {
    let RoleUpdate { role: id, name, description, permissions, authority, event } = update;
    let Some(mut role) = find(connection, id)? else {
        return Ok(RoleUpdateOutcome::NotFound);
    };
    if !authority.cover(&role.authority()) {
        return Ok(RoleUpdateOutcome::Outranked);
    }
    if role.built_in {
        return Ok(RoleUpdateOutcome::BuiltIn);
    }
    let permits_anew = permissions.is_some();
    role.permissions = permissions.unwrap_or(role.permissions);
    if permits_anew && !role.fits_among(&list(connection)?) {
        return Ok(RoleUpdateOutcome::TooManyPermissions);
    }
    if let Some(name) = name {
        if id_of(connection, &name)?.is_some_and(|holder| holder != id.uuid().as_bytes()) {
            return Ok(RoleUpdateOutcome::NameTaken);
        }
        role.name = name;
    }
    role.description = description.apply(role.description);
    diesel::update(roles::table.find(id.uuid().into_bytes()))
        .set((
            roles::name.eq(role.name.as_str()),
            roles::description.eq(role.description.as_ref().map(RoleDescription::as_str)),
        ))
        .execute_kept(connection)?;
    if permits_anew {
        let former = role_permissions::table.filter(role_permissions::role_id.eq(id.uuid().into_bytes()));
        diesel::delete(former).execute(connection)?;
        permit(connection, id, &role.permissions)?;
    }
    audit_trail::insert(connection, &event)?;
    Ok(RoleUpdateOutcome::Updated(role))
}

fn delete(
    connection: &mut SqliteConnection,
    deletion: &RoleDeletion,
) -> Result<RoleDeletionOutcome, Failure> {
    let Some(role) = find(connection, deletion.role)? else {
        return Ok(RoleDeletionOutcome::NotFound);
    };
    if !deletion.authority.cover(&role.authority()) {
        return Ok(RoleDeletionOutcome::Outranked);
    }
    if role.built_in {
        return Ok(RoleDeletionOutcome::BuiltIn);
    }
    // Its permissions go with it, and it goes from all who hold it.
    diesel::delete(roles::table.find(role.id.uuid().into_bytes())).execute(connection)?;
    audit_trail::insert(connection, &deletion.event)?;
    Ok(RoleDeletionOutcome::Deleted)
}

/// Lets `apply` change whether a user holds a role, if the authority covers both.
fn change(
    connection: &mut SqliteConnection,
    assignment: &RoleAssignment,
    apply: fn(&mut SqliteConnection, &User, &Role) -> QueryResult<RoleAssignmentOutcome>,
) -> Result<RoleAssignmentOutcome, Failure> {
    let found = authority::find(connection, assignment.user, &assignment.authority)?;
    if matches!(found, Found::Nobody) {
        return Ok(RoleAssignmentOutcome::UserNotFound);
    }
    let Some(role) = find(connection, assignment.role)? else {
        return Ok(RoleAssignmentOutcome::RoleNotFound);
    };
    let Found::Covered(user) = found else {
        return Ok(RoleAssignmentOutcome::Outranked);
    };
    if !assignment.authority.cover(&role.authority()) {
        return Ok(RoleAssignmentOutcome::Outranked);
    }
    let outcome = apply(connection, &user, &role)?;
    if outcome == RoleAssignmentOutcome::Changed {
        audit_trail::insert(connection, &assignment.event)?;
    }
    Ok(outcome)
}

fn assign(connection: &mut SqliteConnection, user: &User, role: &Role) -> QueryResult<RoleAssignmentOutcome> {
    if user.roles.contains(&role.name) {
        return Ok(RoleAssignmentOutcome::Unchanged);
    }
    grant(connection, user.id, &role.id.uuid().into_bytes())?;
    Ok(RoleAssignmentOutcome::Changed)
}

fn revoke(connection: &mut SqliteConnection, user: &User, role: &Role) -> QueryResult<RoleAssignmentOutcome> {
    if !user.roles.contains(&role.name) {
        return Ok(RoleAssignmentOutcome::Unchanged);
    }
    if role.name.is_admin() && is_last_admin(connection, user)? {
        return Ok(RoleAssignmentOutcome::LastAdmin);
    }
    let held = user_roles::table.find((user.id.uuid().into_bytes(), role.id.uuid().into_bytes()));
    diesel::delete(held).execute(connection)?;
    Ok(RoleAssignmentOutcome::Changed)
}

/// Lets a user hold the role with this id.
pub(crate) fn grant(connection: &mut SqliteConnection, user: UserId, role: &[u8]) -> QueryResult<()> {
    diesel::insert_into(user_roles::table)
        .values((user_roles::user_id.eq(user.uuid().into_bytes()), user_roles::role_id.eq(role)))
        .execute(connection)?;
    Ok(())
}

/// Lets a user hold roles by their names.
pub(crate) fn grant_all(
    connection: &mut SqliteConnection,
    user: UserId,
    names: &[RoleName],
) -> Result<(), Failure> {
    for name in names {
        let role = id_of(connection, name)?.ok_or_else(|| Failure::UnknownRole(name.clone()))?;
        grant(connection, user, &role)?;
    }
    Ok(())
}
