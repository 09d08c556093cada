//! [`RoleRepository`]: roles, and who holds them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::ports::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome, StorageError,
};
use portcullis_domain::{Change, Permission, Role, RoleDescription, RoleId, RoleName, UserId};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::authority::{covers_role, covers_user, is_last_admin, with_authority};
use crate::errors::{Failure, violates};
use crate::locks::{lock_admin, lock_user, lock_user_and_admin};
use crate::rows::{RoleRow, role_columns};
use crate::schema::roles_with_permissions;
use crate::statement::{ColumnsOf, Statement, statement};
use crate::store::PostgresStore;
use crate::transaction::locked;

#[async_trait]
impl RoleRepository for PostgresStore {
    async fn list(&self) -> Result<Vec<Role>, StorageError> {
        self.read((), |mut connection, ()| {
            async move {
                let roles = roles_with_permissions::table.order(roles_with_permissions::name);
                let rows: Vec<RoleRow> = roles.select(RoleRow::as_select()).load(&mut connection).await?;
                Ok(rows.into_iter().map(RoleRow::try_into_domain).collect::<Result<_, _>>()?)
            }
            .boxed()
        })
        .await
    }

    async fn find(&self, id: RoleId) -> Result<Option<Role>, StorageError> {
        self.read(id, |mut connection, &id| {
            async move {
                let role = roles_with_permissions::table.find(id.uuid()).select(RoleRow::as_select());
                let row: Option<RoleRow> = role.get_result(&mut connection).await.optional()?;
                Ok(row.map(RoleRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn find_by_name(&self, name: &RoleName) -> Result<Option<Role>, StorageError> {
        self.read(name.clone(), |mut connection, name| {
            async move {
                let named =
                    roles_with_permissions::table.filter(roles_with_permissions::name.eq(name.as_str()));
                let role = named.select(RoleRow::as_select());
                let row: Option<RoleRow> = role.get_result(&mut connection).await.optional()?;
                Ok(row.map(RoleRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn held_by(&self, user: UserId) -> Result<Option<Vec<Role>>, StorageError> {
        self.read(user, |connection, &user| held_by(connection, user).boxed()).await
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        self.write(creation, |connection, creation| create(connection, creation).boxed()).await
    }

    async fn update(&self, update: RoleUpdate) -> Result<RoleUpdateOutcome, StorageError> {
        self.write(update, |connection, change| update_role(connection, change).boxed()).await
    }

    async fn delete(&self, deletion: RoleDeletion) -> Result<RoleDeletionOutcome, StorageError> {
        self.write(deletion, |connection, deletion| delete(connection, deletion).boxed()).await
    }

    async fn assign(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(assignment, |connection, assignment| assign(connection, assignment).boxed()).await
    }

    async fn revoke(&self, assignment: RoleAssignment) -> Result<RoleAssignmentOutcome, StorageError> {
        self.write(assignment, |connection, assignment| revoke(connection, assignment).boxed()).await
    }
}

/// The roles of a user; a row without a role for one who holds none.
const HELD_BY: &str = concat!(
    "
SELECT ",
    role_columns!(),
    "
FROM users
    LEFT JOIN user_roles ON user_roles.user_id = users.id
    LEFT JOIN roles_with_permissions ON roles_with_permissions.id = user_roles.role_id
WHERE users.id = $1
ORDER BY roles_with_permissions.name"
);

async fn held_by(mut connection: &AsyncPgConnection, user: UserId) -> Result<Option<Vec<Role>>, Failure> {
    let held = statement(HELD_BY).bind::<sql::Uuid, _>(user.uuid()).returning::<Option<RoleRow>>();
    let rows: Vec<Option<RoleRow>> = held.load(&mut connection).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(rows.into_iter().flatten().map(RoleRow::try_into_domain).collect::<Result<_, _>>()?))
}

/// Part of a larger statement: whether `$role` may name `$permissions`, unless these are NULL, beside what other
/// roles name, of which there may be `$limit` octets in one row `room.is_left`. As [`Role::fits_among`] says; what it
/// looks at stays so for who holds the lock of [`lock_admin`].
macro_rules! room_for {
    ($role:literal, $permissions:literal, $limit:literal) => {
        concat!(
            "named AS MATERIALIZED (
                SELECT naming.role_id, naming.permission FROM role_permissions AS naming
            ), before AS (
                SELECT coalesce(sum(octet_length(each.permission) + 3), 0) AS octets
                FROM (SELECT DISTINCT named.permission FROM named) AS each
            ), after AS (
                SELECT coalesce(sum(octet_length(each.permission) + 3), 0) AS octets
                FROM (
                    SELECT named.permission FROM named WHERE named.role_id <> ",
            $role,
            "
                    UNION SELECT unnest(",
            $permissions,
            "::text[])
                ) AS each (permission)
            ), room AS (
                SELECT ",
            $permissions,
            "::text[] IS NULL OR after.octets <= greatest(before.octets, ",
            $limit,
            "::bigint) AS is_left
                FROM before, after
            )"
        )
    };
}

/// Gives the next placeholder how many octets the permissions that roles name may take.
fn with_limit<Row>(statement: Statement<'_, Row>) -> Statement<'_, Row> {
    let limit = i64::try_from(Role::MAX_NAMED_OCTETS).expect("it is a small number");
    statement.bind::<sql::BigInt, _>(limit)
}

/// Makes a role if there is room for it and its name is free. Says whether each is so.
const CREATE: &str = concat!(
    "
WITH ",
    room_for!("$10", "$14", "$15"),
    ", created AS (
    INSERT INTO roles (id, name, description, built_in)
    SELECT $10::uuid, $11::text, $12::text, $13::boolean FROM room WHERE room.is_left
    ON CONFLICT (name) DO NOTHING
    RETURNING roles.id
), allowed AS (
    INSERT INTO role_permissions (role_id, permission)
    SELECT created.id, wanted.permission FROM created, unnest($14::text[]) AS wanted (permission)
), told AS (",
    store_event_if_any!("created"),
    ")
SELECT room.is_left, EXISTS (SELECT FROM created) FROM room"
);

async fn create(
    mut connection: &AsyncPgConnection,
    creation: &RoleCreation,
) -> Result<RoleCreationOutcome, Failure> {
    let RoleCreation { role, event } = creation;
    let create = with_event(statement(CREATE), event)
        .bind::<sql::Uuid, _>(role.id.uuid())
        .bind::<sql::Text, _>(role.name.as_str())
        .bind::<sql::Nullable<sql::Text>, _>(role.description.as_ref().map(RoleDescription::as_str))
        .bind::<sql::Bool, _>(role.built_in)
        .bind::<sql::Array<sql::Text>, _>(
            role.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        );
    let create = with_limit(create).returning_columns::<(sql::Bool, sql::Bool)>();
    let (has_room, is_created) =
        locked(connection, lock_admin(connection), async { Ok(create.get_result(&mut connection).await?) })
            .await?;
    Ok(match (has_room, is_created) {
        (false, _) => RoleCreationOutcome::TooManyPermissions,
        (true, false) => RoleCreationOutcome::NameTaken,
        (true, true) => RoleCreationOutcome::Created,
    })
}

/// Holds the row of a role that can be changed: who gives it to somebody waits, and so does who changes it.
const LOCK_ROLE: &str = "SELECT roles.id FROM roles WHERE roles.id = $1 AND NOT roles.built_in FOR UPDATE";

async fn lock_role(mut connection: &AsyncPgConnection, role: RoleId) -> QueryResult<()> {
    statement(LOCK_ROLE).bind::<sql::Uuid, _>(role.uuid()).execute(&mut connection).await?;
    Ok(())
}

/// Changes a role that is covered and not built in, if there is room for it. Gives the role as it is then, whether it
/// is covered, and whether there is room.
///
/// $10 the role, $11 the authority, $12 the name or NULL, $13 whether the description stays, $14 what it becomes
/// otherwise, $15 the permissions or NULL, $16 the limit.
const UPDATE: &str = concat!(
    "
WITH found AS (
    SELECT ",
    role_columns!(),
    ", ",
    covers_role!("$11"),
    " AS is_covered
    FROM roles_with_permissions WHERE roles_with_permissions.id = $10
), ",
    room_for!("$10", "$15", "$16"),
    ", target AS (
    SELECT found.id FROM found, room WHERE found.is_covered AND NOT found.built_in AND room.is_left
), updated AS (
    UPDATE roles SET
        name = coalesce($12, roles.name),
        description = CASE WHEN $13 THEN roles.description ELSE $14 END
    FROM target WHERE roles.id = target.id
    RETURNING roles.id, roles.name, roles.description
), withdrawn AS (
    DELETE FROM role_permissions USING target
    WHERE role_permissions.role_id = target.id AND role_permissions.permission <> ALL ($15::text[])
), allowed AS (
    INSERT INTO role_permissions (role_id, permission)
    SELECT target.id, wanted.permission FROM target, unnest($15::text[]) AS wanted (permission)
    ON CONFLICT DO NOTHING
), told AS (",
    store_event_if_any!("target"),
    ")
SELECT found.id, coalesce(updated.name, found.name), updated.description, found.built_in,
    coalesce($15::text[], found.permissions), found.is_covered, room.is_left
FROM found CROSS JOIN room LEFT JOIN updated ON updated.id = found.id"
);

async fn update_role(
    mut connection: &AsyncPgConnection,
    update: &RoleUpdate,
) -> Result<RoleUpdateOutcome, Failure> {
    let RoleUpdate { role, name, description, permissions, authority, event } = update;
    let statement = with_event(statement(UPDATE), event).bind::<sql::Uuid, _>(role.uuid());
    let new_description = match description {
        Change::Set(description) => Some(description.as_str()),
        Change::Keep | Change::Clear => None,
    };
    let permissions = permissions.as_ref().map(|all| all.iter().map(Permission::as_str).collect::<Vec<_>>());
    let permits_anew = permissions.is_some();
    let statement = with_authority(statement, authority)
        .bind::<sql::Nullable<sql::Text>, _>(name.as_ref().map(RoleName::as_str))
        .bind::<sql::Bool, _>(description.is_keep())
        .bind::<sql::Nullable<sql::Text>, _>(new_description)
        .bind::<sql::Nullable<sql::Array<sql::Text>>, _>(permissions);
    let statement = with_limit(statement).returning_columns::<(ColumnsOf<RoleRow>, sql::Bool, sql::Bool)>();
    // `admin`, and then another role: see `crate::locks`.
    let lock = async {
        let named = async { if permits_anew { lock_admin(connection).await } else { Ok(()) } };
        try_join!(named, lock_role(connection, *role))
    };
    let found = locked(connection, lock, async {
        Ok(statement.get_result::<(RoleRow, bool, bool)>(&mut connection).await.optional()?)
    });
    match found.await {
        Ok(None) => Ok(RoleUpdateOutcome::NotFound),
        Ok(Some((_, false, _))) => Ok(RoleUpdateOutcome::Outranked),
        Ok(Some((role, true, has_room))) => {
            let role = role.try_into_domain()?;
            Ok(match (role.built_in, has_room) {
                (true, _) => RoleUpdateOutcome::BuiltIn,
                (false, false) => RoleUpdateOutcome::TooManyPermissions,
                (false, true) => RoleUpdateOutcome::Updated(role),
            })
        }
        Err(failure) if violates(&failure, "roles_name") => Ok(RoleUpdateOutcome::NameTaken),
        Err(failure) => Err(failure),
    }
}

/// Deletes a role that is covered and not built in, and with it by the foreign keys what it allows and who holds
/// it. Says whether it is covered, and whether it is built in.
const DELETE: &str = concat!(
    "
WITH found AS (
    SELECT roles_with_permissions.id, roles_with_permissions.built_in, ",
    covers_role!("$11"),
    " AS is_covered
    FROM roles_with_permissions WHERE roles_with_permissions.id = $10
), doomed AS (
    SELECT found.id FROM found WHERE found.is_covered AND NOT found.built_in
), deleted AS (
    DELETE FROM roles USING doomed WHERE roles.id = doomed.id
), told AS (",
    store_event_if_any!("doomed"),
    ")
SELECT found.is_covered, found.built_in FROM found"
);

async fn delete(
    mut connection: &AsyncPgConnection,
    deletion: &RoleDeletion,
) -> Result<RoleDeletionOutcome, Failure> {
    let RoleDeletion { role, authority, event } = deletion;
    let delete = with_event(statement(DELETE), event).bind::<sql::Uuid, _>(role.uuid());
    let delete = with_authority(delete, authority).returning_columns::<(sql::Bool, sql::Bool)>();
    let found: Option<(bool, bool)> = locked(connection, lock_role(connection, *role), async {
        Ok(delete.get_result(&mut connection).await.optional()?)
    })
    .await?;
    Ok(match found {
        None => RoleDeletionOutcome::NotFound,
        Some((false, _)) => RoleDeletionOutcome::Outranked,
        Some((true, true)) => RoleDeletionOutcome::BuiltIn,
        Some((true, false)) => RoleDeletionOutcome::Deleted,
    })
}

/// Part of a larger statement: what is to be known before a role is given to a user or taken from them, in one
/// row. Whether there is a user ($10) and a role ($11), whether there are both and covered ($12), whether the one
/// holds the other, and whether taking it leaves no administrator.
macro_rules! change_of_role {
    () => {
        concat!(
            "found AS (
            SELECT accounts.id AS user_id, roles_with_permissions.id AS role_id,
            accounts.id IS NOT NULL AND roles_with_permissions.id IS NOT NULL AND ",
            covers_user!("$12"),
            " AND ",
            covers_role!("$12"),
            " AS is_covered, EXISTS (
                SELECT FROM user_roles
                WHERE user_roles.user_id = accounts.id AND user_roles.role_id = roles_with_permissions.id
            ) AS is_held, coalesce(roles_with_permissions.name = 'admin' AND ",
            is_last_admin!(),
            ", FALSE) AS is_last_admin
            FROM (VALUES (1)) AS asked
                LEFT JOIN accounts ON accounts.id = $10
                LEFT JOIN roles_with_permissions ON roles_with_permissions.id = $11
        )"
        )
    };
}

/// What [`change_of_role`] finds, in its order.
#[expect(
    clippy::struct_excessive_bools,
    reason = "one row of independent answers, as the statement gives them"
)]
#[derive(Queryable)]
struct FoundForChange {
    has_user: bool,
    has_role: bool,
    is_covered: bool,
    is_held: bool,
    is_last_admin: bool,
}

type FoundColumns = (sql::Bool, sql::Bool, sql::Bool, sql::Bool, sql::Bool);

/// The columns of a [`FoundForChange`].
macro_rules! found_columns {
    () => {
        "found.user_id IS NOT NULL, found.role_id IS NOT NULL, found.is_covered, found.is_held, \
         found.is_last_admin"
    };
}

impl FoundForChange {
    /// Why the role can neither be given nor taken.
    fn refusal(&self) -> Option<RoleAssignmentOutcome> {
        if !self.has_user {
            Some(RoleAssignmentOutcome::UserNotFound)
        } else if !self.has_role {
            Some(RoleAssignmentOutcome::RoleNotFound)
        } else if !self.is_covered {
            Some(RoleAssignmentOutcome::Outranked)
        } else {
            None
        }
    }
}

fn with_assignment<'a>(text: &'static str, assignment: &'a RoleAssignment) -> Statement<'a, FoundColumns> {
    let RoleAssignment { user, role, authority, event } = assignment;
    let statement = with_event(statement(text), event)
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Uuid, _>(role.uuid());
    with_authority(statement, authority).returning_columns::<FoundColumns>()
}

/// Keeps a role from being deleted while it is given or taken.
const KEEP_ROLE: &str = "SELECT roles.id FROM roles WHERE roles.id = $1 FOR KEY SHARE";

async fn keep_role(mut connection: &AsyncPgConnection, role: RoleId) -> QueryResult<()> {
    statement(KEEP_ROLE).bind::<sql::Uuid, _>(role.uuid()).execute(&mut connection).await?;
    Ok(())
}

const ASSIGN: &str = concat!(
    "
WITH ",
    change_of_role!(),
    ", assigned AS (
    INSERT INTO user_roles (user_id, role_id)
    SELECT found.user_id, found.role_id FROM found WHERE found.is_covered AND NOT found.is_held
    RETURNING user_roles.user_id
), told AS (",
    store_event_if_any!("assigned"),
    ")
SELECT ",
    found_columns!(),
    " FROM found"
);

async fn assign(
    mut connection: &AsyncPgConnection,
    assignment: &RoleAssignment,
) -> Result<RoleAssignmentOutcome, Failure> {
    // A user, and then a role: see `crate::locks`.
    let lock =
        async { try_join!(lock_user(connection, assignment.user), keep_role(connection, assignment.role)) };
    let assign = with_assignment(ASSIGN, assignment);
    let found: FoundForChange =
        locked(connection, lock, async { Ok(assign.get_result(&mut connection).await?) }).await?;
    Ok(found.refusal().unwrap_or(if found.is_held {
        RoleAssignmentOutcome::Unchanged
    } else {
        RoleAssignmentOutcome::Changed
    }))
}

const REVOKE: &str = concat!(
    "
WITH ",
    change_of_role!(),
    ", revoked AS (
    DELETE FROM user_roles USING found
    WHERE user_roles.user_id = found.user_id AND user_roles.role_id = found.role_id
        AND found.is_covered AND NOT found.is_last_admin
    RETURNING user_roles.user_id
), told AS (",
    store_event_if_any!("revoked"),
    ")
SELECT ",
    found_columns!(),
    " FROM found"
);

async fn revoke(
    mut connection: &AsyncPgConnection,
    assignment: &RoleAssignment,
) -> Result<RoleAssignmentOutcome, Failure> {
    // A user, then `admin`, then another role: see `crate::locks`.
    let lock = async {
        try_join!(lock_user_and_admin(connection, assignment.user), keep_role(connection, assignment.role))
    };
    let revoke = with_assignment(REVOKE, assignment);
    let found: FoundForChange =
        locked(connection, lock, async { Ok(revoke.get_result(&mut connection).await?) }).await?;
    Ok(found.refusal().unwrap_or(if !found.is_held {
        RoleAssignmentOutcome::Unchanged
    } else if found.is_last_admin {
        RoleAssignmentOutcome::LastAdmin
    } else {
        RoleAssignmentOutcome::Changed
    }))
}
