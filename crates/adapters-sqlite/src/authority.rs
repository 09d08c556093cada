//! What somebody may do to whom: an authority covers a user when it lacks none of their permissions, and
//! some active user always holds `admin`.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use portcullis_domain::{Permissions, RoleName, User, UserId};

use crate::errors::Failure;
use crate::rows::AuthorityRow;
use crate::schema::{accounts, roles, user_roles, users};

/// A user, as somebody with an authority finds them.
pub(crate) enum Found {
    /// The authority covers them.
    Covered(Box<User>),
    /// They have a permission that the authority lacks.
    Outranking,
    /// There is no such user.
    Nobody,
}

pub(crate) fn find(
    connection: &mut SqliteConnection,
    user: UserId,
    authority: &Permissions,
) -> Result<Found, Failure> {
    let row = accounts::table
        .find(user.uuid().into_bytes())
        .select(AuthorityRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(match row.map(AuthorityRow::try_into_domain).transpose()? {
        Some((user, permissions)) if authority.cover(&permissions) => Found::Covered(Box::new(user)),
        Some(_) => Found::Outranking,
        None => Found::Nobody,
    })
}

/// Whether without this one there were no active user who holds `admin`.
pub(crate) fn is_last_admin(connection: &mut SqliteConnection, user: &User) -> QueryResult<bool> {
    let is_active_admin = user.is_active && user.roles.iter().any(RoleName::is_admin);
    Ok(is_active_admin && !is_another_admin_active(connection, user.id)?)
}

fn is_another_admin_active(connection: &mut SqliteConnection, id: UserId) -> QueryResult<bool> {
    let others = user_roles::table
        .inner_join(roles::table)
        .inner_join(users::table)
        .filter(roles::name.eq(RoleName::admin().as_str().to_owned()))
        .filter(users::is_active)
        .filter(users::id.ne(id.uuid().into_bytes()));
    select(exists(others)).get_result(connection)
}
