//! [`UserRepository`]: accounts, from registration to erasure.

mod deletion;
mod registration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{Account, Change, LoginIdentifier, Name, ProfileChange, UserId, Username};
use serde_json::{Map, Value};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::errors::{Failure, violates};
use crate::locks::lock_user;
use crate::mail_queue::{enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{AccountRow, UserRow, account_columns, folded, user_columns};
use crate::schema::accounts;
use crate::statement::{Statement, statement};
use crate::store::PostgresStore;
use crate::transaction::locked;

pub(crate) use registration::{inserted_columns, with_account};

#[async_trait]
impl UserRepository for PostgresStore {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        self.write(account, |connection, account| registration::register(connection, account).boxed()).await
    }

    async fn register_privately(
        &self,
        registration: PrivateRegistration,
    ) -> Result<PrivateRegistrationOutcome, StorageError> {
        self.write(registration, |connection, registration| {
            registration::register_privately(connection, registration).boxed()
        })
        .await
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        self.look_up(identifier.clone(), |connection, identifier| {
            find_by_login(connection, identifier).boxed()
        })
        .await
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        self.read(id, |mut connection, &id| {
            async move {
                let row: Option<AccountRow> = accounts::table
                    .find(id.uuid())
                    .select(AccountRow::as_select())
                    .get_result(&mut connection)
                    .await
                    .optional()?;
                Ok(row.map(AccountRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError> {
        self.write(update, |connection, update| update_profile(connection, update).boxed()).await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        self.write(change, |connection, change| change_password(connection, change).boxed()).await
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        self.write(deletion, |connection, deletion| deletion::delete(connection, deletion).boxed()).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.read((), |mut connection, ()| {
            async move {
                statement(READ_AND_WRITE).execute(&mut connection).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }
}

/// A server that only reads refuses the deletion, though there is nothing to delete.
const READ_AND_WRITE: &str = "
WITH writable AS (DELETE FROM sessions WHERE FALSE)
SELECT roles.id FROM roles WHERE roles.name = 'admin'";

const FIND_BY_EMAIL: &str =
    concat!("SELECT ", account_columns!(), " FROM accounts WHERE accounts.email_canonical = $1");
const FIND_BY_USERNAME: &str =
    concat!("SELECT ", account_columns!(), " FROM accounts WHERE accounts.username_canonical = $1");

async fn find_by_login(
    mut connection: &AsyncPgConnection,
    identifier: &LoginIdentifier,
) -> Result<Option<Account>, Failure> {
    let find = match identifier {
        LoginIdentifier::Email(address) => statement(FIND_BY_EMAIL).bind::<sql::Text, _>(address.canonical()),
        LoginIdentifier::Username(username) => {
            statement(FIND_BY_USERNAME).bind::<sql::Text, _>(username.canonical())
        }
    };
    let row: Option<AccountRow> =
        find.returning::<AccountRow>().get_result(&mut connection).await.optional()?;
    Ok(row.map(AccountRow::try_into_domain).transpose()?)
}

/// Part of a larger statement: makes the columns of what a user is called what [`with_names_changed`] says in the
/// placeholder `$change`. What it does not mention stays.
macro_rules! changed_names {
    ($change:literal) => {
        $crate::users::changed_names!(
            $change,
            "username",
            "username_canonical",
            "name",
            "name_folded",
            "first_name",
            "first_name_folded",
            "last_name",
            "last_name_folded"
        )
    };
    ($change:literal, $first:literal $(, $column:literal)*) => {
        concat!(
            $crate::users::changed_names!(@ $change, $first)
            $(, ", ", $crate::users::changed_names!(@ $change, $column))*
        )
    };
    (@ $change:literal, $column:literal) => {
        concat!(
            $column, " = CASE WHEN ", $change, "::jsonb ? '", $column,
            "' THEN ", $change, "::jsonb ->> '", $column, "' ELSE accounts.", $column, " END"
        )
    };
}
pub(crate) use changed_names;

/// Gives the next placeholder what shall be different in what a user is called.
pub(crate) fn with_names_changed<'a>(statement: Statement<'a>, change: &ProfileChange) -> Statement<'a> {
    let ProfileChange { username, name, first_name, last_name } = change;
    let mut columns = Map::new();
    put(&mut columns, ["username", "username_canonical"], username, |username: &Username| {
        [username.as_str().into(), username.canonical().into()]
    });
    let forms = |name: &Name| [name.as_str().into(), folded(name).into()];
    put(&mut columns, ["name", "name_folded"], name, forms);
    put(&mut columns, ["first_name", "first_name_folded"], first_name, forms);
    put(&mut columns, ["last_name", "last_name_folded"], last_name, forms);
    statement.bind::<sql::Jsonb, _>(Value::Object(columns))
}

/// Notes what the two columns of a field become, unless it stays.
fn put<T>(
    columns: &mut Map<String, Value>,
    names: [&str; 2],
    change: &Change<T>,
    forms: impl FnOnce(&T) -> [Value; 2],
) {
    let values = match change {
        Change::Keep => return,
        Change::Clear => [Value::Null, Value::Null],
        Change::Set(value) => forms(value),
    };
    columns.extend(names.map(str::to_owned).into_iter().zip(values));
}

const UPDATE_PROFILE: &str = concat!(
    "
WITH updated AS (
    UPDATE accounts SET updated_at = $11, ",
    changed_names!("$12"),
    " WHERE accounts.id = $10
    RETURNING ",
    user_columns!(),
    "
), told AS (",
    store_event_if_any!("updated"),
    ")
SELECT ",
    user_columns!(),
    " FROM updated AS accounts"
);

async fn update_profile(
    mut connection: &AsyncPgConnection,
    update: &ProfileUpdate,
) -> Result<ProfileOutcome, Failure> {
    let ProfileUpdate { user, change, now, event } = update;
    let update = with_event(statement(UPDATE_PROFILE), event)
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Timestamptz, _>(Moment(*now));
    let update = with_names_changed(update, change).returning::<UserRow>();
    let updated: QueryResult<UserRow> = update.get_result(&mut connection).await;
    match updated.optional().map_err(Failure::from) {
        Ok(Some(user)) => Ok(ProfileOutcome::Updated(Box::new(user.try_into_domain()?))),
        Ok(None) => Ok(ProfileOutcome::NotFound),
        Err(failure) if violates(&failure, "users_username") => Ok(ProfileOutcome::UsernameTaken),
        Err(failure) => Err(failure),
    }
}

const CHANGE_PASSWORD: &str = concat!(
    "
WITH changed AS (
    UPDATE users SET password_hash = $17 WHERE users.id = $18 AND users.password_hash = $19
    RETURNING users.id
), ended_sessions AS (
    DELETE FROM sessions USING changed WHERE sessions.user_id = changed.id AND sessions.id <> $20
), ended_reset AS (
    DELETE FROM password_resets USING changed WHERE password_resets.user_id = changed.id
), ended_email_change AS (
    DELETE FROM email_changes USING changed WHERE email_changes.user_id = changed.id
), queued AS (",
    enqueue_if_any!("changed"),
    "), told AS (",
    store_event_if_any!("changed"),
    ")
SELECT changed.id FROM changed"
);

async fn change_password(
    mut connection: &AsyncPgConnection,
    change: &PasswordChange,
) -> Result<bool, Failure> {
    let PasswordChange { user, verified_hash, new_hash, kept_session, notice, event } = change;
    let change = with_event(statement(CHANGE_PASSWORD), event);
    let change = with_mails(change, std::slice::from_ref(notice))
        .bind::<sql::Text, _>(new_hash.as_str())
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Text, _>(verified_hash.as_str())
        .bind::<sql::Uuid, _>(kept_session.uuid());
    locked(connection, lock_user(connection, *user), async {
        Ok(change.execute(&mut connection).await? == 1)
    })
    .await
}
