//! Rows that are held while somebody looks, decides and changes.
//!
//! Everybody takes them in one order, so that nobody waits in a circle: the row of *one* user, then those of
//! roles, then what hangs on them, counts of attempts, mails. What only hangs on rows that somebody holds
//! needs no lock of its own.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use portcullis_domain::{EmailAddress, PasswordHash, UserId};

use crate::schema::users;
use crate::statement::statement;

/// Holds the row of a user, if there is one: everybody waits who changes their password, their secrets or
/// their roles.
pub(crate) async fn lock_user(mut connection: &AsyncPgConnection, user: UserId) -> QueryResult<()> {
    users::table.find(user.uuid()).select(users::id).for_no_key_update().execute(&mut connection).await?;
    Ok(())
}

const LOCK_USABLE: &str = "
SELECT users.id FROM users WHERE users.id = $1 AND users.is_active AND users.password_hash = $2
FOR NO KEY UPDATE";

/// Holds the row of a user if they are active and have this password hash, and says whether they are.
pub(crate) async fn lock_usable(
    mut connection: &AsyncPgConnection,
    user: UserId,
    hash: &PasswordHash,
) -> QueryResult<bool> {
    let usable = statement(LOCK_USABLE).bind::<sql::Uuid, _>(user.uuid()).bind::<sql::Text, _>(hash.as_str());
    Ok(usable.execute(&mut connection).await? == 1)
}

/// Holds the row of the user who has an address, if one has.
pub(crate) async fn lock_holder(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
) -> QueryResult<()> {
    let holder = users::table.filter(users::email_canonical.eq(address.canonical()));
    holder.select(users::id).for_no_key_update().execute(&mut connection).await?;
    Ok(())
}

const LOCK_ADMIN: &str = "SELECT roles.id FROM roles WHERE roles.name = 'admin' FOR NO KEY UPDATE";

/// Holds the row of the role `admin`, which allows whatever roles name: who adds to that waits.
pub(crate) async fn lock_admin(mut connection: &AsyncPgConnection) -> QueryResult<()> {
    statement(LOCK_ADMIN).execute(&mut connection).await?;
    Ok(())
}

/// Lets those who would take away an administrator do it one after the other. Whether the user holds the role
/// cannot change any more: their row is held.
const LOCK_ADMIN_IF_HELD: &str = "
SELECT roles.id FROM roles JOIN user_roles ON user_roles.role_id = roles.id
WHERE roles.name = 'admin' AND user_roles.user_id = $1
FOR NO KEY UPDATE OF roles";

/// Holds the row of a user, and that of the role `admin` if they hold it.
pub(crate) async fn lock_user_and_admin(connection: &AsyncPgConnection, user: UserId) -> QueryResult<()> {
    let admin = statement(LOCK_ADMIN_IF_HELD).bind::<sql::Uuid, _>(user.uuid());
    let admin = async { admin.execute(&mut &*connection).await };
    try_join!(lock_user(connection, user), admin)?;
    Ok(())
}
