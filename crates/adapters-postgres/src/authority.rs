//! Authority: what a statement compares with what is stored when it acts, so that nobody touches a user or a
//! role that has a permission they lack; and that an administrator remains.

use diesel::sql_types as sql;
use portcullis_domain::{Permission, Permissions};

use crate::statement::Statement;

/// Gives the next placeholder the permissions that somebody acts with; NULL for every permission.
pub(crate) fn with_authority<'a>(statement: Statement<'a>, authority: &'a Permissions) -> Statement<'a> {
    let held = match authority {
        Permissions::Every(_) => None,
        Permissions::Only(held) => Some(held.iter().map(Permission::as_str).collect::<Vec<_>>()),
    };
    statement.bind::<sql::Nullable<sql::Array<sql::Text>>, _>(held)
}

/// Whether the permissions in the placeholder `$authority` cover the user in what is called `accounts`: as
/// [`Permissions::cover`] says.
macro_rules! covers_user {
    ($authority:literal) => {
        concat!(
            "(",
            $authority,
            "::text[] IS NULL OR 'admin' <> ALL (accounts.roles) AND accounts.permissions <@ ",
            $authority,
            "::text[])"
        )
    };
}
pub(crate) use covers_user;

/// As [`covers_user`], for the role in what is called `roles_with_permissions`.
macro_rules! covers_role {
    ($authority:literal) => {
        concat!(
            "(",
            $authority,
            "::text[] IS NULL OR roles_with_permissions.name <> 'admin' AND roles_with_permissions.permissions <@ ",
            $authority,
            "::text[])"
        )
    };
}
pub(crate) use covers_role;

/// Whether the user in what is called `accounts` is the last active administrator. It stays so until the end of
/// the transaction for who holds the locks of [`lock_user_and_admin`](crate::locks::lock_user_and_admin).
macro_rules! is_last_admin {
    () => {
        "(accounts.is_active AND 'admin' = ANY (accounts.roles) AND NOT EXISTS (
            SELECT FROM roles
                JOIN user_roles ON user_roles.role_id = roles.id
                JOIN users ON users.id = user_roles.user_id
            WHERE roles.name = 'admin' AND users.is_active AND users.id <> accounts.id
        ))"
    };
}
pub(crate) use is_last_admin;
