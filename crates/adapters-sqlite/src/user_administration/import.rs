//! Bringing in accounts of another system, many at a time.

use std::collections::HashMap;

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use portcullis_domain::ports::ImportOutcome;
use portcullis_domain::{Account, PasswordHash, RoleName};

use crate::errors::Failure;
use crate::roles::grant;
use crate::rows::{InColumn as _, NewUserRow};
use crate::schema::{roles, users};
use crate::users::is_username_taken;

/// The ids of all roles, by name: looked up once for many accounts.
type RoleIds = HashMap<RoleName, Vec<u8>>;

pub(super) fn import(
    connection: &mut SqliteConnection,
    accounts: &[Account],
) -> Result<Vec<ImportOutcome>, Failure> {
    let role_ids = role_ids(connection)?;
    accounts.iter().map(|account| add(connection, account, &role_ids)).collect()
}

fn role_ids(connection: &mut SqliteConnection) -> Result<RoleIds, Failure> {
    let rows: Vec<(String, Vec<u8>)> = roles::table.select((roles::name, roles::id)).load(connection)?;
    let role_ids =
        rows.into_iter().map(|(name, id)| Ok((RoleName::parse(&name).in_column("roles.name")?, id)));
    role_ids.collect()
}

/// Adds an account. That its id, its address and its username are free, the unique indexes tell; only of one
/// that cannot be added it is asked why.
fn add(
    connection: &mut SqliteConnection,
    account: &Account,
    role_ids: &RoleIds,
) -> Result<ImportOutcome, Failure> {
    let user = &account.user;
    let held: Option<Vec<_>> = user.roles.iter().map(|name| role_ids.get(name)).collect();
    if let Some(held) = held
        && insert(connection, account)?
    {
        held.into_iter().try_for_each(|role| grant(connection, user.id, role))?;
        return Ok(ImportOutcome::Imported);
    }
    Ok(in_its_place(connection, account)?.unwrap_or(ImportOutcome::UnknownRole))
}

/// Stores an account without its roles, unless one is in its place. Says whether it did.
fn insert(connection: &mut SqliteConnection, account: &Account) -> QueryResult<bool> {
    let added = diesel::insert_into(users::table)
        .values(NewUserRow::new(&account.user, account.password_hash.as_ref()))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(added == 1)
}

/// What it comes to that another account, or the same one, is in the place of this one; none if its place is
/// free.
fn in_its_place(connection: &mut SqliteConnection, account: &Account) -> QueryResult<Option<ImportOutcome>> {
    let Account { user, password_hash } = account;
    let stored_hash: Option<Option<String>> = users::table
        .filter(users::email_canonical.eq(user.email.canonical()))
        .select(users::password_hash)
        .get_result(connection)
        .optional()?;
    let hash = password_hash.as_ref().map(PasswordHash::as_str);
    let is_present = stored_hash.as_ref().is_some_and(|stored| stored.as_deref() == hash);
    Ok(if is_present {
        Some(ImportOutcome::Present)
    } else if select(exists(users::table.find(user.id.uuid().into_bytes()))).get_result(connection)? {
        Some(ImportOutcome::IdTaken)
    } else if stored_hash.is_some() {
        Some(ImportOutcome::EmailTaken)
    } else if is_username_taken(connection, user.username.as_ref(), None)? {
        Some(ImportOutcome::UsernameTaken)
    } else {
        None
    })
}
