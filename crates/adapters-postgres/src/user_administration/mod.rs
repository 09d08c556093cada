//! [`UserAdministration`]: accounts as those see and change them who administer them.

mod import;
mod list;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::ports::{
    ImportOutcome, PasswordSetting, SetPasswordOutcome, StorageError, UnlockOutcome, Unlocking,
    UserAdministration, UserQuery, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Account, AttemptKey, EmailAddress, User};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::authority::{covers_user, is_last_admin, with_authority};
use crate::errors::{Failure, violates};
use crate::locks::{lock_user, lock_user_and_admin};
use crate::mail_queue::{enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{UserRow, user_columns};
use crate::statement::{ColumnsOf, statement};
use crate::store::PostgresStore;
use crate::transaction::locked;
use crate::users::{changed_names, with_names_changed};

#[async_trait]
impl UserAdministration for PostgresStore {
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        self.read(query, |connection, query| list::list(connection, query).boxed()).await
    }

    async fn update(&self, update: UserUpdate) -> Result<UserUpdateOutcome, StorageError> {
        self.write(update, |connection, change| update_user(connection, change).boxed()).await
    }

    async fn unlock(&self, unlocking: Unlocking) -> Result<UnlockOutcome, StorageError> {
        self.write(unlocking, |connection, unlocking| unlock(connection, unlocking).boxed()).await
    }

    async fn set_password(&self, setting: PasswordSetting) -> Result<SetPasswordOutcome, StorageError> {
        self.write(setting, |connection, setting| set_password(connection, setting).boxed()).await
    }

    /// Takes three round trips.
    async fn import(&self, accounts: Vec<Account>) -> Result<Vec<ImportOutcome>, StorageError> {
        self.write(accounts, |connection, accounts| import::import(connection, accounts).boxed()).await
    }
}

/// Changes a user who is covered, unless that leaves no administrator. Says whether it was one of these, and
/// gives the user as they are then.
///
/// $17 the user, $18 the authority, $19 the names that change, $20 and $21 the address and its canonical form
/// or NULL, $22 whether it is verified, $23 whether the user is active or NULL, $24 the moment, $25 and $26 the
/// canonical address and the activity that were seen, or NULL.
const UPDATE: &str = concat!(
    "
WITH found AS (
    SELECT accounts.id, accounts.email_canonical, accounts.is_active, ",
    covers_user!("$18"),
    " AS is_covered, ($23::boolean IS FALSE AND ",
    is_last_admin!(),
    ") AS leaves_no_admin,
        coalesce($25::text <> accounts.email_canonical OR $26::boolean <> accounts.is_active, FALSE) AS is_overtaken
    FROM accounts WHERE accounts.id = $17
), target AS (
    SELECT found.id, coalesce($21::text <> found.email_canonical, FALSE) AS moves,
        $23 IS TRUE AND NOT found.is_active AS becomes_active
    FROM found WHERE found.is_covered AND NOT found.is_overtaken AND NOT found.leaves_no_admin
), updated AS (
    UPDATE accounts SET
        email = coalesce($20, accounts.email),
        email_canonical = coalesce($21, accounts.email_canonical),
        email_verified = $22 OR (accounts.email_verified AND NOT target.moves),
        is_active = coalesce($23, accounts.is_active),
        updated_at = $24, ",
    changed_names!("$19"),
    "
    FROM target WHERE accounts.id = target.id
    RETURNING ",
    user_columns!(),
    "
), moved AS (
    SELECT target.id FROM target WHERE target.moves
), mailed AS (
    SELECT target.id FROM target WHERE target.moves OR target.becomes_active
), deactivated AS (
    SELECT target.id FROM target WHERE $23 IS FALSE
), cut_off AS (
    SELECT moved.id FROM moved UNION SELECT deactivated.id FROM deactivated
), ended_sessions AS (
    DELETE FROM sessions USING deactivated WHERE sessions.user_id = deactivated.id
), ended_verification AS (
    DELETE FROM verifications USING cut_off WHERE verifications.user_id = cut_off.id
), ended_reset AS (
    DELETE FROM password_resets USING cut_off WHERE password_resets.user_id = cut_off.id
), ended_email_change AS (
    DELETE FROM email_changes USING cut_off WHERE email_changes.user_id = cut_off.id
), queued AS (",
    enqueue_if_any!("mailed"),
    "), told AS (",
    store_event_if_any!("target"),
    ")
SELECT found.is_covered, found.is_overtaken, found.leaves_no_admin, ",
    user_columns!(),
    " FROM found LEFT JOIN updated AS accounts ON accounts.id = found.id"
);

async fn update_user(
    mut connection: &AsyncPgConnection,
    update: &UserUpdate,
) -> Result<UserUpdateOutcome, Failure> {
    let UserUpdate { user, authority, profile, email, verifies_email, is_active, now, mails, seen, event } =
        update;
    let lock = async {
        if *is_active == Some(false) {
            lock_user_and_admin(connection, *user).await
        } else {
            lock_user(connection, *user).await
        }
    };
    let update = with_mails(with_event(statement(UPDATE), event), mails).bind::<sql::Uuid, _>(user.uuid());
    let update = with_names_changed(with_authority(update, authority), profile)
        .bind::<sql::Nullable<sql::Text>, _>(email.as_ref().map(EmailAddress::as_str))
        .bind::<sql::Nullable<sql::Text>, _>(email.as_ref().map(EmailAddress::canonical))
        .bind::<sql::Bool, _>(*verifies_email)
        .bind::<sql::Nullable<sql::Bool>, _>(*is_active)
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .bind::<sql::Nullable<sql::Text>, _>(seen.as_ref().map(|seen| seen.email.canonical()))
        .bind::<sql::Nullable<sql::Bool>, _>(seen.as_ref().map(|seen| seen.is_active))
        .returning_columns::<(sql::Bool, sql::Bool, sql::Bool, ColumnsOf<Option<UserRow>>)>();
    let found = locked(connection, lock, async {
        Ok(update.get_result::<(bool, bool, bool, Option<UserRow>)>(&mut connection).await.optional()?)
    });
    match found.await {
        Ok(None) => Ok(UserUpdateOutcome::NotFound),
        Ok(Some((false, _, _, _))) => Ok(UserUpdateOutcome::Outranked),
        Ok(Some((true, true, _, _))) => Ok(UserUpdateOutcome::Overtaken),
        Ok(Some((true, false, true, _))) => Ok(UserUpdateOutcome::LastAdmin),
        Ok(Some((true, false, false, updated))) => {
            let user = updated.ok_or(Failure::Overtaken)?.try_into_domain()?;
            Ok(UserUpdateOutcome::Updated(Box::new(user)))
        }
        Err(failure) if violates(&failure, "users_email") => Ok(UserUpdateOutcome::EmailTaken),
        Err(failure) if violates(&failure, "users_username") => Ok(UserUpdateOutcome::UsernameTaken),
        Err(failure) => Err(failure),
    }
}

/// Forgets the wrong passwords and codes of a user who is covered. Says whether they are, and who it is.
const UNLOCK: &str = concat!(
    "
WITH found AS (
    SELECT ",
    user_columns!(),
    ", ",
    covers_user!("$11"),
    " AS is_covered FROM accounts WHERE accounts.id = $10
), covered AS (
    SELECT found.id FROM found WHERE found.is_covered
), forgotten_passwords AS (
    DELETE FROM password_attempts USING covered WHERE password_attempts.key = ANY ($12::bytea[])
), forgotten_codes AS (
    DELETE FROM code_attempts USING covered WHERE code_attempts.key = ANY ($12::bytea[])
), told AS (",
    store_event_if_any!("covered"),
    ")
SELECT accounts.is_covered, ",
    user_columns!(),
    " FROM found AS accounts"
);

async fn unlock(mut connection: &AsyncPgConnection, unlocking: &Unlocking) -> Result<UnlockOutcome, Failure> {
    let Unlocking { user, authority, attempts, event } = unlocking;
    let keys: Vec<_> = attempts.iter().map(AttemptKey::as_bytes).map(<[u8; 32]>::as_slice).collect();
    let unlock = with_event(statement(UNLOCK), event).bind::<sql::Uuid, _>(user.uuid());
    let unlock = with_authority(unlock, authority)
        .bind::<sql::Array<sql::Binary>, _>(keys)
        .returning_columns::<(sql::Bool, ColumnsOf<UserRow>)>();
    let found: Option<(bool, UserRow)> = unlock.get_result(&mut connection).await.optional()?;
    Ok(match found {
        None => UnlockOutcome::NotFound,
        Some((false, _)) => UnlockOutcome::Outranked,
        Some((true, user)) => UnlockOutcome::Unlocked(Box::new(user.try_into_domain()?)),
    })
}

/// Sets the password of a user who is covered, and says whether they are.
const SET_PASSWORD: &str = concat!(
    "
WITH found AS (
    SELECT accounts.id, ",
    covers_user!("$18"),
    " AS is_covered FROM accounts WHERE accounts.id = $17
), target AS (
    SELECT found.id FROM found WHERE found.is_covered
), changed AS (
    UPDATE users SET password_hash = $19 FROM target WHERE users.id = target.id
), ended_sessions AS (
    DELETE FROM sessions USING target WHERE sessions.user_id = target.id
), ended_reset AS (
    DELETE FROM password_resets USING target WHERE password_resets.user_id = target.id
), ended_email_change AS (
    DELETE FROM email_changes USING target WHERE email_changes.user_id = target.id
), forgotten AS (
    DELETE FROM password_attempts USING target WHERE password_attempts.key = $20
), queued AS (",
    enqueue_if_any!("target"),
    "), told AS (",
    store_event_if_any!("target"),
    ")
SELECT found.is_covered FROM found"
);

async fn set_password(
    mut connection: &AsyncPgConnection,
    setting: &PasswordSetting,
) -> Result<SetPasswordOutcome, Failure> {
    let PasswordSetting { user, authority, new_hash, attempts, notice, event } = setting;
    let set = with_mails(with_event(statement(SET_PASSWORD), event), std::slice::from_ref(notice))
        .bind::<sql::Uuid, _>(user.uuid());
    let set = with_authority(set, authority)
        .bind::<sql::Text, _>(new_hash.as_str())
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice())
        .returning_columns::<sql::Bool>();
    let is_covered: Option<bool> = locked(connection, lock_user(connection, *user), async {
        Ok(set.get_result(&mut connection).await.optional()?)
    })
    .await?;
    Ok(match is_covered {
        None => SetPasswordOutcome::NotFound,
        Some(false) => SetPasswordOutcome::Outranked,
        Some(true) => SetPasswordOutcome::Set,
    })
}
