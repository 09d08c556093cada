//! [`UserAdministration`]: accounts as they are listed, searched, changed and brought in by who administers
//! them.

mod import;
mod list;

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::ports::{
    ImportOutcome, PasswordSetting, SetPasswordOutcome, StorageError, UnlockOutcome, Unlocking,
    UserAdministration, UserQuery, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Account, EmailAddress, Timestamp, User};

use crate::authority::{self, Found, is_last_admin};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::ProfileRow;
use crate::schema::users;
use crate::store::SqliteStore;
use crate::users::{find_by_address, would_take_username};
use crate::{audit_trail, lockout, mail_queue, sessions, tokens};

#[async_trait]
impl UserAdministration for SqliteStore {
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        self.read(move |connection| list::list(connection, &query)).await
    }

    async fn update(&self, update: UserUpdate) -> Result<UserUpdateOutcome, StorageError> {
        self.write(move |connection| self::update(connection, update)).await
    }

    async fn unlock(&self, unlocking: Unlocking) -> Result<UnlockOutcome, StorageError> {
        self.write(move |connection| unlock(connection, &unlocking)).await
    }

    async fn set_password(&self, setting: PasswordSetting) -> Result<SetPasswordOutcome, StorageError> {
        self.write(move |connection| set_password(connection, &setting)).await
    }

    async fn import(&self, accounts: Vec<Account>) -> Result<Vec<ImportOutcome>, StorageError> {
        self.write_bulk(move |connection| import::import(connection, &accounts)).await
    }
}

fn update(connection: &mut SqliteConnection, update: UserUpdate) -> Result<UserUpdateOutcome, Failure> {
    let mut user = match authority::find(connection, update.user, &update.authority)? {
        Found::Covered(user) => user,
        Found::Outranking => return Ok(UserUpdateOutcome::Outranked),
        Found::Nobody => return Ok(UserUpdateOutcome::NotFound),
    };
    if update.is_overtaken(&user) {
        return Ok(UserUpdateOutcome::Overtaken);
    }
    let deactivates = update.is_active == Some(false);
    if deactivates && is_last_admin(connection, &user)? {
        return Ok(UserUpdateOutcome::LastAdmin);
    }
    if would_take_address(connection, &update, &user)? {
        return Ok(UserUpdateOutcome::EmailTaken);
    }
    if would_take_username(connection, &update.profile, user.id)? {
        return Ok(UserUpdateOutcome::UsernameTaken);
    }
    let moves = update.email.as_ref().is_some_and(|email| *email != user.email);
    let becomes_active = update.is_active == Some(true) && !user.is_active;
    if moves {
        tokens::end_all(connection, user.id)?;
    }
    if moves || becomes_active {
        mail_queue::enqueue_all(connection, &update.mails)?;
    }
    if deactivates {
        tokens::end_all(connection, user.id)?;
        sessions::end_all(connection, user.id)?;
    }
    update.profile.apply(&mut user);
    user.email = update.email.unwrap_or(user.email);
    user.email_verified = update.verifies_email || (user.email_verified && !moves);
    user.is_active = update.is_active.unwrap_or(user.is_active);
    user.updated_at = Some(update.now);
    store(connection, &user)?;
    audit_trail::insert(connection, &update.event)?;
    Ok(UserUpdateOutcome::Updated(user))
}

fn would_take_address(
    connection: &mut SqliteConnection,
    update: &UserUpdate,
    user: &User,
) -> Result<bool, Failure> {
    let holder = |address: &EmailAddress| find_by_address(connection, address);
    let holder = update.email.as_ref().map(holder).transpose()?.flatten();
    Ok(holder.is_some_and(|holder| holder.id != user.id))
}

/// Stores what an update can change of a user.
fn store(connection: &mut SqliteConnection, user: &User) -> QueryResult<()> {
    diesel::update(users::table.find(user.id.uuid().into_bytes()))
        .set((
            ProfileRow::from(user),
            users::email.eq(user.email.as_str()),
            users::email_canonical.eq(user.email.canonical()),
            users::email_verified.eq(user.email_verified),
            users::is_active.eq(user.is_active),
            users::updated_at.eq(user.updated_at.map(Timestamp::unix_micros)),
        ))
        .execute_kept(connection)?;
    Ok(())
}

fn unlock(connection: &mut SqliteConnection, unlocking: &Unlocking) -> Result<UnlockOutcome, Failure> {
    let user = match authority::find(connection, unlocking.user, &unlocking.authority)? {
        Found::Covered(user) => user,
        Found::Outranking => return Ok(UnlockOutcome::Outranked),
        Found::Nobody => return Ok(UnlockOutcome::NotFound),
    };
    for key in &unlocking.attempts {
        lockout::forget(connection, *key)?;
        lockout::forget_codes(connection, *key)?;
    }
    audit_trail::insert(connection, &unlocking.event)?;
    Ok(UnlockOutcome::Unlocked(user))
}

fn set_password(
    connection: &mut SqliteConnection,
    setting: &PasswordSetting,
) -> Result<SetPasswordOutcome, Failure> {
    let user = match authority::find(connection, setting.user, &setting.authority)? {
        Found::Covered(user) => user.id,
        Found::Outranking => return Ok(SetPasswordOutcome::Outranked),
        Found::Nobody => return Ok(SetPasswordOutcome::NotFound),
    };
    diesel::update(users::table.find(user.uuid().into_bytes()))
        .set(users::password_hash.eq(setting.new_hash.as_str()))
        .execute_kept(connection)?;
    sessions::end_all(connection, user)?;
    tokens::end_password_reset(connection, user)?;
    tokens::end_email_change(connection, user)?;
    lockout::forget(connection, setting.attempts)?;
    mail_queue::enqueue(connection, &setting.notice)?;
    audit_trail::insert(connection, &setting.event)?;
    Ok(SetPasswordOutcome::Set)
}
