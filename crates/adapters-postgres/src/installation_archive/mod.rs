//! [`InstallationArchive`]: all that the tables hold, in the order of their keys.
//!
//! A page takes several round trips: whoever copies an installation does that once. What it costs is
//! statements, so records of a kind that follow each other are written and looked up by one.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::archive::{PageStart, Record, RecordKey, RecordKind};
use portcullis_domain::ports::{
    InstallationArchive, RecordRefusal, RefusedRecord, StorageError, WritePageError,
};
use portcullis_domain::{Account, AttemptKey, Role, RoleName, UserId};
use uuid::Uuid;

use self::rows::{
    CodeAttemptsRow, EmailChangeRow, IntoRecord, NewMailRow, NewUserRow, PasswordAttemptsRow,
    PasswordResetRow, PositionedKeyRow, RoleRow, VerificationRow,
};
use crate::errors::Failure;
use crate::mail_queue::MailRecordRow;
use crate::rows::{AccountRow, SessionRow};
use crate::schema::{
    accounts, code_attempts, email_changes, mail_queue, password_attempts, password_resets,
    role_permissions, roles, sessions, signing_keys, user_roles, users, verifications,
};
use crate::store::PostgresStore;
use crate::transaction::{begin, commit, or_roll_back};

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
    }
}

/// The rows that a query finds.
///
/// A macro, because diesel gives every table and every column a type of its own.
macro_rules! rows {
    ($row:ty, $query:expr, $connection:expr) => {{
        let rows: Vec<$row> = $query.select(<$row>::as_select()).load($connection).await?;
        rows
    }};
}

/// The rows that a query finds, as records.
macro_rules! records {
    ($row:ty, $query:expr, $connection:expr) => {
        Ok(rows!($row, $query, $connection)
            .into_iter()
            .map(IntoRecord::try_into_record)
            .collect::<Result<_, _>>()?)
    };
}

/// The rows of a table whose key comes after a given one, as records.
macro_rules! page {
    ($row:ty, $table:ident by $key:ident, after $after:expr, $limit:expr, $connection:expr) => {{
        let later = $table::table.filter($table::$key.gt($after));
        records!($row, later.order($table::$key).limit($limit), $connection)
    }};
}

/// Adds rows to a table, except those whose key or another value that must be unique is there already.
/// Gives the keys of those that were added.
macro_rules! add {
    ($rows:expr, $table:ident by $key:ident, $connection:expr) => {{
        let rows: Vec<_> = $rows.collect();
        diesel::insert_into($table::table)
            .values(rows)
            .on_conflict_do_nothing()
            .returning($table::$key)
            .get_results($connection)
            .await?
    }};
}

async fn page(
    mut connection: &AsyncPgConnection,
    start: PageStart,
    limit: i64,
) -> Result<Vec<Record>, Failure> {
    let db = &mut connection;
    match start {
        PageStart::Roles(after) => {
            let later = roles::table.filter(roles::id.gt(id(after))).order(roles::id).limit(limit);
            let roles = rows!(RoleRow, later, db);
            with_permissions(connection, roles).await
        }
        PageStart::Users(after) => page!(AccountRow, accounts by id, after id(after), limit, db),
        PageStart::Sessions(after) => page!(SessionRow, sessions by id, after id(after), limit, db),
        PageStart::Verifications(after) => {
            page!(VerificationRow, verifications by user_id, after id(after), limit, db)
        }
        PageStart::PasswordResets(after) => {
            page!(PasswordResetRow, password_resets by user_id, after id(after), limit, db)
        }
        PageStart::EmailChanges(after) => {
            page!(EmailChangeRow, email_changes by user_id, after id(after), limit, db)
        }
        PageStart::PasswordAttempts(after) => {
            page!(PasswordAttemptsRow, password_attempts by key, after octets(after), limit, db)
        }
        PageStart::CodeAttempts(after) => {
            page!(CodeAttemptsRow, code_attempts by key, after octets(after), limit, db)
        }
        PageStart::Mails(after) => page!(MailRecordRow, mail_queue by id, after id(after), limit, db),
        PageStart::SigningKeys(after) => {
            let after = after.map_or(i64::MIN, i64::from);
            page!(PositionedKeyRow, signing_keys by position, after after, limit, db)
        }
    }
}

/// Every id comes after the one that is all zeros.
fn id(after: Option<impl Into<Uuid>>) -> Uuid {
    after.map_or(Uuid::nil(), Into::into)
}

/// Every key comes after no octets at all.
fn octets(after: Option<AttemptKey>) -> Vec<u8> {
    after.map_or_else(Vec::new, |key| key.as_bytes().into())
}

async fn with_permissions(
    mut connection: &AsyncPgConnection,
    roles: Vec<RoleRow>,
) -> Result<Vec<Record>, Failure> {
    let ids: Vec<_> = roles.iter().map(|role| role.id).collect();
    let held: Vec<(Uuid, String)> = role_permissions::table
        .filter(role_permissions::role_id.eq_any(ids))
        .select((role_permissions::role_id, role_permissions::permission))
        .load(&mut connection)
        .await?;
    let mut permissions: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for (role, permission) in held {
        permissions.entry(role).or_default().push(permission);
    }
    let with_permissions = |role: RoleRow| {
        let held = permissions.get(&role.id).map(Vec::as_slice);
        role.try_into_domain(held.unwrap_or_default()).map(Record::Role)
    };
    Ok(roles.into_iter().map(with_permissions).collect::<Result<_, _>>()?)
}

/// Adds records, and gives how many of them were not there before.
async fn write(connection: &AsyncPgConnection, records: &[Record]) -> Result<u32, Failure> {
    let mut new = 0;
    for records in records.chunk_by(|left, right| left.kind() == right.kind()) {
        refuse_dangling(connection, records).await?;
        let mut added = add(connection, records).await?;
        new += added.len();
        // A key that stands twice among the records was added once.
        let others: Vec<_> = records.iter().filter(|record| !added.remove(&record.key())).collect();
        if !others.is_empty() {
            refuse_unequal(connection, &others).await?;
        }
    }
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// Fails unless each of these records is stored as it is.
async fn refuse_unequal(connection: &AsyncPgConnection, records: &[&Record]) -> Result<(), Failure> {
    let stored = stored(connection, records).await?;
    let stored: BTreeMap<_, _> = stored.into_iter().map(|record| (record.key(), record)).collect();
    for record in records {
        let refused = |refusal| Err(Failure::Refused(RefusedRecord::new(record, refusal)));
        match stored.get(&record.key()) {
            Some(stored) if stored == *record => {}
            Some(_) => return refused(RecordRefusal::Differs),
            None => return refused(RecordRefusal::Collides),
        }
    }
    Ok(())
}

/// Fails when a record names a user who is not stored.
async fn refuse_dangling(mut connection: &AsyncPgConnection, records: &[Record]) -> Result<(), Failure> {
    let named: Vec<_> = records.iter().filter_map(named_user).map(UserId::uuid).collect();
    if named.is_empty() {
        return Ok(());
    }
    let stored: Vec<Uuid> =
        users::table.filter(users::id.eq_any(named)).select(users::id).load(&mut connection).await?;
    let stored: BTreeSet<_> = stored.into_iter().collect();
    let dangles =
        |record: &&Record| named_user(record).is_some_and(|user| !stored.contains(&user.uuid()));
    match records.iter().find(dangles) {
        Some(record) => Err(Failure::Refused(RefusedRecord::new(record, RecordRefusal::Dangles))),
        None => Ok(()),
    }
}

/// The user who must be stored before this record.
fn named_user(record: &Record) -> Option<UserId> {
    match record {
        Record::Session(session) => Some(session.user_id),
        Record::Verification(issued) => Some(issued.user),
        Record::PasswordReset(issued) => Some(issued.user),
        Record::EmailChange(pending) => Some(pending.user),
        Record::Role(_)
        | Record::User(_)
        | Record::PasswordAttempts(_)
        | Record::CodeAttempts(_)
        | Record::Mail(_)
        | Record::SigningKey { .. } => None,
    }
}

/// Adds records of one kind, except those whose key or a unique value is there already. Gives the keys of
/// those that were added.
async fn add(mut connection: &AsyncPgConnection, records: &[Record]) -> Result<BTreeSet<RecordKey>, Failure> {
    let db = &mut connection;
    let ids: Vec<Uuid> = match kind_of(records) {
        RecordKind::Roles => return add_roles(connection, records).await,
        RecordKind::Users => return add_users(connection, records).await,
        RecordKind::Sessions => add!(records.iter().filter_map(session), sessions by id, db),
        RecordKind::Verifications => add!(records.iter().filter_map(VerificationRow::of), verifications by user_id, db),
        _ => todo!(),
    };
    Ok(ids.into_iter().map(RecordKey::Id).collect())
}
