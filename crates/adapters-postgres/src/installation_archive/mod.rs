//! [`InstallationArchive`]: all that the tables hold, in the order of their keys.

mod rows;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as StatementError};
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::ports::{
    InstallationArchive, RecordRefusal, RefusedRecord, StorageError, WritePageError,
};
use portcullis_domain::{Account, AttemptKey, Permission, Role, RoleDescription};
use uuid::Uuid;

use self::rows::{
    CodeAttemptsRow, EmailChangeRow, PasswordAttemptsRow, PasswordResetRow, PositionedKeyRow, VerificationRow,
};
use crate::audit_trail::AuditEventRow;
use crate::errors::{Failure, names_unknown_role};
use crate::mail_queue::MailRecordRow;
use crate::rows::{AccountRow, RoleRow, SessionRow};
use crate::schema::{
    accounts, audit_events, code_attempts, email_changes, mail_queue, password_attempts, password_resets,
    roles, roles_with_permissions, sessions, signing_keys, users, verifications,
};
use crate::statement::statement;
use crate::store::PostgresStore;
use crate::transaction::{begin, commit, or_roll_back};
use crate::users::{inserted_columns, with_account};

#[async_trait]
impl InstallationArchive for PostgresStore {
    async fn count(&self, kind: RecordKind) -> Result<u64, StorageError> {
        self.read(kind, |connection, &kind| {
            async move { Ok(count(connection, kind).await?.unsigned_abs()) }.boxed()
        })
        .await
    }

    async fn read_page(&self, start: PageStart, limit: u32) -> Result<Vec<Record>, StorageError> {
        self.read((start, limit), |connection, &(start, limit)| page(connection, start, limit.into()).boxed())
            .await
    }

    /// Takes three round trips, and a fourth when records are there already.
    async fn write_page(&self, records: Vec<Record>) -> Result<u32, WritePageError> {
        let written = self.try_write(records, |connection, records| {
            or_roll_back(connection, async {
                begin(connection).await?;
                let new = write(connection, records).await?;
                commit(connection).await?;
                Ok(new)
            })
            .boxed()
        });
        written.await.map_err(|failure| match failure {
            Failure::Refused(refused) => WritePageError::Refused(refused),
            failure => WritePageError::Storage(failure.into()),
        })
    }
}

async fn count(mut connection: &AsyncPgConnection, kind: RecordKind) -> QueryResult<i64> {
    let connection = &mut connection;
    match kind {
        RecordKind::Roles => roles::table.count().get_result(connection).await,
        RecordKind::Users => users::table.count().get_result(connection).await,
        RecordKind::Sessions => sessions::table.count().get_result(connection).await,
        RecordKind::Verifications => verifications::table.count().get_result(connection).await,
        RecordKind::PasswordResets => password_resets::table.count().get_result(connection).await,
        RecordKind::EmailChanges => email_changes::table.count().get_result(connection).await,
        RecordKind::PasswordAttempts => password_attempts::table.count().get_result(connection).await,
        RecordKind::CodeAttempts => code_attempts::table.count().get_result(connection).await,
        RecordKind::Mails => mail_queue::table.count().get_result(connection).await,
        RecordKind::SigningKeys => signing_keys::table.count().get_result(connection).await,
        RecordKind::AuditEvents => audit_events::table.count().get_result(connection).await,
    }
}

/// The rows of a table whose key comes after a given one, or from the first on, as records.
///
/// A macro, because diesel gives every table and every column a type of its own.
macro_rules! page {
    ($row:ty, $table:ident by $key:ident, after $after:expr, $limit:expr, $connection:expr) => {{
        let mut later = $table::table.order($table::$key).limit($limit).into_boxed();
        if let Some(after) = $after {
            later = later.filter($table::$key.gt(after));
        }
        let rows: Vec<$row> = later.select(<$row>::as_select()).load(&mut $connection).await?;
        rows.into_iter().map(<$row>::try_into_domain)
    }};
}

/// The row of a table that has a given key, if there is one.
macro_rules! row {
    ($row:ty, $table:ident with key $key:expr, $connection:expr) => {{
        let found = $table::table.find($key).select(<$row>::as_select());
        let row: Option<$row> = found.get_result(&mut $connection).await.optional()?;
        row.map(<$row>::try_into_domain).transpose()?
    }};
}

/// Adds a row to a table, unless its key or another value that must be unique is there already. Says
/// whether it was added.
macro_rules! add {
    ($row:expr, $table:ident, $connection:expr) => {
        diesel::insert_into($table::table)
            .values($row)
            .on_conflict_do_nothing()
            .execute(&mut $connection)
            .await?
            == 1
    };
}

async fn page(
    mut connection: &AsyncPgConnection,
    start: PageStart,
    limit: i64,
) -> Result<Vec<Record>, Failure> {
    match start {
        PageStart::Roles(after) => {
            page!(RoleRow, roles_with_permissions by id, after after.map(Uuid::from), limit, connection)
                .map(|role| Ok(Record::Role(role?)))
                .collect()
        }
        PageStart::Users(after) => page!(AccountRow, accounts by id, after after.map(Uuid::from), limit, connection)
            .map(|account| Ok(Record::User(account?)))
            .collect(),
        PageStart::Sessions(after) => page!(SessionRow, sessions by id, after after.map(Uuid::from), limit, connection)
            .map(|session| Ok(Record::Session(session?)))
            .collect(),
        PageStart::Verifications(after) => {
            page!(VerificationRow, verifications by user_id, after after.map(Uuid::from), limit, connection)
                .map(|issued| Ok(Record::Verification(issued?)))
                .collect()
        }
        PageStart::PasswordResets(after) => {
            page!(PasswordResetRow, password_resets by user_id, after after.map(Uuid::from), limit, connection)
                .map(|issued| Ok(Record::PasswordReset(issued?)))
                .collect()
        }
        PageStart::EmailChanges(after) => {
            page!(EmailChangeRow, email_changes by user_id, after after.map(Uuid::from), limit, connection)
                .map(|pending| Ok(Record::EmailChange(pending?)))
                .collect()
        }
        PageStart::PasswordAttempts(after) => {
            page!(PasswordAttemptsRow, password_attempts by key, after after.map(octets), limit, connection)
                .map(|attempts| Ok(Record::PasswordAttempts(attempts?)))
                .collect()
        }
        PageStart::CodeAttempts(after) => {
            page!(CodeAttemptsRow, code_attempts by key, after after.map(octets), limit, connection)
                .map(|attempts| Ok(Record::CodeAttempts(attempts?)))
                .collect()
        }
        PageStart::Mails(after) => page!(MailRecordRow, mail_queue by id, after after.map(Uuid::from), limit, connection)
            .map(|record| Ok(Record::Mail(record?)))
            .collect(),
        PageStart::SigningKeys(after) => {
            page!(PositionedKeyRow, signing_keys by position, after after.map(i64::from), limit, connection)
                .map(|positioned| {
                    let (position, key) = positioned?;
                    Ok(Record::SigningKey { position, key })
                })
                .collect()
        }
        PageStart::AuditEvents(after) => {
            page!(AuditEventRow, audit_events by id, after after.map(Uuid::from), limit, connection)
                .map(|event| Ok(Record::AuditEvent(event?)))
                .collect()
        }
    }
}

fn octets(key: AttemptKey) -> Vec<u8> {
    key.as_bytes().into()
}

/// Adds records, all of which are sent before the first one is answered, and gives how many of them were
/// not there before.
async fn write(connection: &AsyncPgConnection, records: &[Record]) -> Result<u32, Failure> {
    let refused = |record, refusal| Err(Failure::Refused(RefusedRecord::new(record, refusal)));
    let (mut new, mut others) = (0, Vec::new());
    let added = join_all(records.iter().map(|record| add(connection, record))).await;
    for (record, added) in records.iter().zip(added) {
        match added {
            Ok(true) => new += 1,
            Ok(false) => others.push(record),
            // Those behind it failed because it did.
            Err(failure) if names_what_is_not_stored(&failure) => {
                return refused(record, RecordRefusal::Dangles);
            }
            Err(failure) => return Err(failure),
        }
    }
    let stored = join_all(others.iter().map(|record| stored(connection, record))).await;
    for (record, stored) in others.into_iter().zip(stored) {
        match stored? {
            Some(stored) if stored == *record => {}
            Some(_) => return refused(record, RecordRefusal::Differs),
            None => return refused(record, RecordRefusal::Collides),
        }
    }
    Ok(new)
}

fn names_what_is_not_stored(failure: &Failure) -> bool {
    use DatabaseErrorKind::ForeignKeyViolation;
    matches!(
        failure,
        Failure::UnknownRole(_) | Failure::Statement(StatementError::DatabaseError(ForeignKeyViolation, _))
    )
}

/// Adds a record, unless one with its key or a unique value of it is there already. Says whether it did.
async fn add(mut connection: &AsyncPgConnection, record: &Record) -> Result<bool, Failure> {
    Ok(match record {
        Record::Role(role) => add_role(connection, role).await?,
        Record::User(account) => add_user(connection, account).await?,
        Record::Session(session) => add!(SessionRow::from(session), sessions, connection),
        Record::Verification(issued) => add!(VerificationRow::from(issued), verifications, connection),
        Record::PasswordReset(issued) => add!(PasswordResetRow::from(issued), password_resets, connection),
        Record::EmailChange(pending) => {
            let canonical = email_changes::new_email_canonical.eq(pending.new_address.canonical());
            add!((EmailChangeRow::from(pending), canonical), email_changes, connection)
        }
        Record::PasswordAttempts(attempts) => {
            add!(PasswordAttemptsRow::from(attempts), password_attempts, connection)
        }
        Record::CodeAttempts(attempts) => add!(CodeAttemptsRow::from(attempts), code_attempts, connection),
        Record::Mail(record) => {
            let canonical = mail_queue::recipient_canonical.eq(record.mail.recipient.canonical());
            add!((MailRecordRow::from(record), canonical), mail_queue, connection)
        }
        Record::SigningKey { position, key } => {
            add!(PositionedKeyRow::new(*position, key), signing_keys, connection)
        }
        Record::AuditEvent(event) => add!(AuditEventRow::from(event), audit_events, connection),
    })
}

const ADD_ROLE: &str = "
WITH added AS (
    INSERT INTO roles (id, name, description, built_in) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    RETURNING id
), granted AS (
    INSERT INTO role_permissions (role_id, permission)
    SELECT added.id, held.permission FROM added, unnest($5::text[]) AS held (permission)
)
SELECT id FROM added";

async fn add_role(mut connection: &AsyncPgConnection, role: &Role) -> Result<bool, Failure> {
    let added = statement(ADD_ROLE)
        .bind::<sql::Uuid, _>(role.id.uuid())
        .bind::<sql::Text, _>(role.name.as_str())
        .bind::<sql::Nullable<sql::Text>, _>(role.description.as_ref().map(RoleDescription::as_str))
        .bind::<sql::Bool, _>(role.built_in)
        .bind::<sql::Array<sql::Text>, _>(role.permissions.iter().map(Permission::as_str).collect::<Vec<_>>())
        .execute(&mut connection)
        .await?;
    Ok(added == 1)
}

/// A role that does not exist has no id, and a row without one is refused with all the rest.
const ADD_USER: &str = concat!(
    "
WITH added AS (
    INSERT INTO users (",
    inserted_columns!(),
    ")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT DO NOTHING
    RETURNING id
), granted AS (
    INSERT INTO user_roles (user_id, role_id)
    SELECT added.id, (SELECT roles.id FROM roles WHERE roles.name = held.name)
    FROM added, unnest($19::text[]) AS held (name)
)
SELECT id FROM added"
);

async fn add_user(mut connection: &AsyncPgConnection, account: &Account) -> Result<bool, Failure> {
    let Account { user, password_hash } = account;
    match with_account(statement(ADD_USER), user, password_hash.as_ref()).execute(&mut connection).await {
        Ok(added) => Ok(added == 1),
        Err(error) if names_unknown_role(&error) => Err(Failure::UnknownRole(user.roles.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The record that is stored under the key of this one, if there is one.
async fn stored(mut connection: &AsyncPgConnection, record: &Record) -> Result<Option<Record>, Failure> {
    Ok(match record {
        Record::Role(role) => {
            row!(RoleRow, roles_with_permissions with key role.id.uuid(), connection).map(Record::Role)
        }
        Record::User(account) => {
            row!(AccountRow, accounts with key account.user.id.uuid(), connection).map(Record::User)
        }
        Record::Session(session) => {
            row!(SessionRow, sessions with key session.id.uuid(), connection).map(Record::Session)
        }
        Record::Verification(issued) => {
            row!(VerificationRow, verifications with key issued.user.uuid(), connection)
                .map(Record::Verification)
        }
        Record::PasswordReset(issued) => {
            row!(PasswordResetRow, password_resets with key issued.user.uuid(), connection)
                .map(Record::PasswordReset)
        }
        Record::EmailChange(pending) => {
            row!(EmailChangeRow, email_changes with key pending.user.uuid(), connection)
                .map(Record::EmailChange)
        }
        Record::PasswordAttempts(counted) => {
            row!(PasswordAttemptsRow, password_attempts with key counted.key.as_bytes(), connection)
                .map(Record::PasswordAttempts)
        }
        Record::CodeAttempts(counted) => {
            row!(CodeAttemptsRow, code_attempts with key counted.key.as_bytes(), connection)
                .map(Record::CodeAttempts)
        }
        Record::Mail(record) => {
            row!(MailRecordRow, mail_queue with key record.mail.id.uuid(), connection).map(Record::Mail)
        }
        Record::SigningKey { position, .. } => {
            row!(PositionedKeyRow, signing_keys with key i64::from(*position), connection)
                .map(|(position, key)| Record::SigningKey { position, key })
        }
        Record::AuditEvent(event) => {
            row!(AuditEventRow, audit_events with key event.id.uuid(), connection).map(Record::AuditEvent)
        }
    })
}
