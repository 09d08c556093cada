//! [`InstallationArchive`]: all that the tables hold, in the order of their keys.

mod rows;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as StatementError};
use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::ports::{
    InstallationArchive, RecordRefusal, RefusedRecord, StorageError, WritePageError,
};
use portcullis_domain::{Account, AttemptKey};
use uuid::Uuid;

use self::rows::{
    CodeAttemptsRow, EmailChangeRow, PasswordAttemptsRow, PasswordResetRow, PositionedKeyRow, VerificationRow,
};
use crate::audit_trail::AuditEventRow;
use crate::errors::Failure;
use crate::mail_queue::MailRecordRow;
use crate::roles::{grant_all, insert as insert_role};
use crate::rows::{AccountRow, NewUserRow, RoleRow, SessionRow};
use crate::schema::{
    accounts, audit_events, code_attempts, complete_roles, email_changes, mail_queue, password_attempts,
    password_resets, roles, sessions, signing_keys, users, verifications,
};
use crate::store::SqliteStore;
use crate::writer::Scope;

#[async_trait]
impl InstallationArchive for SqliteStore {
    async fn count(&self, kind: RecordKind) -> Result<u64, StorageError> {
        self.read(move |connection| Ok(count(connection, kind)?.unsigned_abs())).await
    }

    async fn read_page(&self, start: PageStart, limit: u32) -> Result<Vec<Record>, StorageError> {
        self.read(move |connection| page(connection, start, limit.into())).await
    }

    async fn write_page(&self, records: Vec<Record>) -> Result<u32, WritePageError> {
        let written = self.transaction(Scope::Own, move |connection| write(connection, &records)).await;
        written.map_err(|failure| match failure {
            Failure::Refused(refused) => WritePageError::Refused(refused),
            failure => WritePageError::Storage(failure.into()),
        })
    }
}

fn count(connection: &mut SqliteConnection, kind: RecordKind) -> QueryResult<i64> {
    match kind {
        RecordKind::Roles => roles::table.count().get_result(connection),
        RecordKind::Users => users::table.count().get_result(connection),
        RecordKind::Sessions => sessions::table.count().get_result(connection),
        RecordKind::Verifications => verifications::table.count().get_result(connection),
        RecordKind::PasswordResets => password_resets::table.count().get_result(connection),
        RecordKind::EmailChanges => email_changes::table.count().get_result(connection),
        RecordKind::PasswordAttempts => password_attempts::table.count().get_result(connection),
        RecordKind::CodeAttempts => code_attempts::table.count().get_result(connection),
        RecordKind::Mails => mail_queue::table.count().get_result(connection),
        RecordKind::SigningKeys => signing_keys::table.count().get_result(connection),
        RecordKind::AuditEvents => audit_events::table.count().get_result(connection),
    }
}

/// The rows of a table whose key comes after a given one, as records.
///
/// A macro, because diesel gives every table and every column a type of its own.
macro_rules! page {
    ($row:ty, $table:ident by $key:ident, after $after:expr, $limit:expr, $connection:expr) => {{
        let rows: Vec<$row> = $table::table
            .filter($table::$key.gt($after))
            .order($table::$key)
            .limit($limit)
            .select(<$row>::as_select())
            .load($connection)?;
        rows.into_iter().map(<$row>::try_into_domain)
    }};
}

/// The row of a table that has a given key, if there is one.
macro_rules! row {
    ($row:ty, $table:ident with key $key:expr, $connection:expr) => {{
        let row = $table::table.find($key).select(<$row>::as_select()).get_result($connection).optional()?;
        row.map(<$row>::try_into_domain).transpose()?
    }};
}

/// Adds a row to a table, unless its key or another value that must be unique is there already. Says
/// whether it was added.
macro_rules! add {
    ($row:expr, $table:ident, $connection:expr) => {
        diesel::insert_into($table::table).values($row).on_conflict_do_nothing().execute($connection)? == 1
    };
}

fn page(connection: &mut SqliteConnection, start: PageStart, limit: i64) -> Result<Vec<Record>, Failure> {
    match start {
        PageStart::Roles(after) => page!(RoleRow, complete_roles by id, after id(after), limit, connection)
            .map(|role| Ok(Record::Role(role?)))
            .collect(),
        PageStart::Users(after) => page!(AccountRow, accounts by id, after id(after), limit, connection)
            .map(|account| Ok(Record::User(account?)))
            .collect(),
        PageStart::Sessions(after) => page!(SessionRow, sessions by id, after id(after), limit, connection)
            .map(|session| Ok(Record::Session(session?)))
            .collect(),
        PageStart::Verifications(after) => {
            page!(VerificationRow, verifications by user_id, after id(after), limit, connection)
                .map(|issued| Ok(Record::Verification(issued?)))
                .collect()
        }
        PageStart::PasswordResets(after) => {
            page!(PasswordResetRow, password_resets by user_id, after id(after), limit, connection)
                .map(|issued| Ok(Record::PasswordReset(issued?)))
                .collect()
        }
        PageStart::EmailChanges(after) => {
            page!(EmailChangeRow, email_changes by user_id, after id(after), limit, connection)
                .map(|pending| Ok(Record::EmailChange(pending?)))
                .collect()
        }
        PageStart::PasswordAttempts(after) => {
            page!(PasswordAttemptsRow, password_attempts by key, after attempts(after), limit, connection)
                .map(|attempts| Ok(Record::PasswordAttempts(attempts?)))
                .collect()
        }
        PageStart::CodeAttempts(after) => {
            page!(CodeAttemptsRow, code_attempts by key, after attempts(after), limit, connection)
                .map(|attempts| Ok(Record::CodeAttempts(attempts?)))
                .collect()
        }
        PageStart::Mails(after) => page!(MailRecordRow, mail_queue by id, after id(after), limit, connection)
            .map(|record| Ok(Record::Mail(record?)))
            .collect(),
        PageStart::SigningKeys(after) => {
            let after = after.map_or(i64::MIN, i64::from);
            page!(PositionedKeyRow, signing_keys by position, after after, limit, connection)
                .map(|positioned| {
                    let (position, key) = positioned?;
                    Ok(Record::SigningKey { position, key })
                })
                .collect()
        }
        PageStart::AuditEvents(after) => {
            page!(AuditEventRow, audit_events by id, after id(after), limit, connection)
                .map(|event| Ok(Record::AuditEvent(event?)))
                .collect()
        }
    }
}

/// The octets of an id. Every id comes after no octets at all.
fn id(after: Option<impl Into<Uuid>>) -> Vec<u8> {
    after.map_or_else(Vec::new, |id| id.into().into_bytes().into())
}

/// The octets of a key. Every key comes after no octets at all.
fn attempts(after: Option<AttemptKey>) -> Vec<u8> {
    after.map_or_else(Vec::new, |key| key.as_bytes().into())
}

/// Adds records, and gives how many of them were not there before.
fn write(connection: &mut SqliteConnection, records: &[Record]) -> Result<u32, Failure> {
    let mut new = 0;
    for record in records {
        let refused = |refusal| Err(Failure::Refused(RefusedRecord::new(record, refusal)));
        match add(connection, record) {
            Ok(true) => new += 1,
            Ok(false) => match stored(connection, record)? {
                Some(stored) if stored == *record => {}
                Some(_) => return refused(RecordRefusal::Differs),
                None => return refused(RecordRefusal::Collides),
            },
            Err(failure) if names_what_is_not_stored(&failure) => return refused(RecordRefusal::Dangles),
            Err(failure) => return Err(failure),
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
fn add(connection: &mut SqliteConnection, record: &Record) -> Result<bool, Failure> {
    Ok(match record {
        Record::Role(role) => insert_role(connection, role)?,
        Record::User(account) => add_user(connection, account)?,
        Record::Session(session) => add!(SessionRow::from(session), sessions, connection),
        Record::Verification(issued) => add!(VerificationRow::from(issued), verifications, connection),
        Record::PasswordReset(issued) => add!(PasswordResetRow::from(issued), password_resets, connection),
        Record::EmailChange(pending) => add!(EmailChangeRow::from(pending), email_changes, connection),
        Record::PasswordAttempts(attempts) => {
            add!(PasswordAttemptsRow::from(attempts), password_attempts, connection)
        }
        Record::CodeAttempts(attempts) => add!(CodeAttemptsRow::from(attempts), code_attempts, connection),
        Record::Mail(record) => add!(MailRecordRow::from(record), mail_queue, connection),
        Record::SigningKey { position, key } => {
            add!(PositionedKeyRow::new(*position, key), signing_keys, connection)
        }
        Record::AuditEvent(event) => add!(AuditEventRow::from(event), audit_events, connection),
    })
}

fn add_user(connection: &mut SqliteConnection, account: &Account) -> Result<bool, Failure> {
    let Account { user, password_hash } = account;
    let is_new = add!(NewUserRow::new(user, password_hash.as_ref()), users, connection);
    if is_new {
        grant_all(connection, user.id, &user.roles)?;
    }
    Ok(is_new)
}

/// The record that is stored under the key of this one, if there is one.
fn stored(connection: &mut SqliteConnection, record: &Record) -> Result<Option<Record>, Failure> {
    Ok(match record {
        Record::Role(role) => {
            row!(RoleRow, complete_roles with key id(Some(role.id)), connection).map(Record::Role)
        }
        Record::User(account) => {
            row!(AccountRow, accounts with key id(Some(account.user.id)), connection).map(Record::User)
        }
        Record::Session(session) => {
            row!(SessionRow, sessions with key id(Some(session.id)), connection).map(Record::Session)
        }
        Record::Verification(issued) => {
            row!(VerificationRow, verifications with key id(Some(issued.user)), connection)
                .map(Record::Verification)
        }
        Record::PasswordReset(issued) => {
            row!(PasswordResetRow, password_resets with key id(Some(issued.user)), connection)
                .map(Record::PasswordReset)
        }
        Record::EmailChange(pending) => {
            row!(EmailChangeRow, email_changes with key id(Some(pending.user)), connection)
                .map(Record::EmailChange)
        }
        Record::PasswordAttempts(counted) => {
            row!(PasswordAttemptsRow, password_attempts with key attempts(Some(counted.key)), connection)
                .map(Record::PasswordAttempts)
        }
        Record::CodeAttempts(counted) => {
            row!(CodeAttemptsRow, code_attempts with key attempts(Some(counted.key)), connection)
                .map(Record::CodeAttempts)
        }
        Record::Mail(record) => {
            row!(MailRecordRow, mail_queue with key id(Some(record.mail.id)), connection).map(Record::Mail)
        }
        Record::SigningKey { position, .. } => {
            row!(PositionedKeyRow, signing_keys with key i64::from(*position), connection)
                .map(|(position, key)| Record::SigningKey { position, key })
        }
        Record::AuditEvent(event) => {
            row!(AuditEventRow, audit_events with key id(Some(event.id)), connection).map(Record::AuditEvent)
        }
    })
}
