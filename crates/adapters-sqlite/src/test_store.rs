//! A store for tests, and operations that are quick to write: roles come and are counted.

use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use portcullis_domain::ports::StorageError;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use crate::errors::Failure;
use crate::store::{SqliteOptions, SqliteStore};

/// So many roles are built in.
pub(crate) const BUILT_IN: i64 = 2;

/// Far more than anything takes on a busy machine.
const LONG: Duration = Duration::from_mins(1);

/// A store on which nobody loses patience.
pub(crate) async fn fresh_store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let usual = SqliteOptions::new(folder.path().join("portcullis.db"));
    let store = SqliteStore::open(&SqliteOptions { busy_timeout: LONG, ..usual }).await.unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

/// Returns when it is so, as it is about to be.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let asked = Instant::now();
    while !is_so() {
        assert!(asked.elapsed() < LONG, "{what}");
        yield_now().await;
    }
}

pub(crate) fn integer(connection: &mut SqliteConnection, expression: &str) -> Result<i64, Failure> {
    Ok(diesel::select(sql::<BigInt>(expression)).get_result(connection)?)
}

pub(crate) fn count_roles(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    integer(connection, "(SELECT count(*) FROM roles)")
}

pub(crate) fn add_role(connection: &mut SqliteConnection) -> Result<(), Failure> {
    add_role_with_name_of(connection, 9)
}

/// Adds a role whose name is made of so many octets.
pub(crate) fn add_role_with_name_of(connection: &mut SqliteConnection, octets: u32) -> Result<(), Failure> {
    let role = format!(
        "INSERT INTO roles (id, name, built_in) VALUES (randomblob(16), hex(randomblob({octets})), 0)"
    );
    Ok(connection.batch_execute(&role)?)
}

/// Leaves no free page in the database to the connection that writes.
pub(crate) async fn fill_disk(store: &SqliteStore) {
    let full = store.write(|connection| {
        let pages = integer(connection, "(SELECT page_count FROM pragma_page_count)")?;
        Ok(connection.batch_execute(&format!("PRAGMA max_page_count = {pages}"))?)
    });
    full.await.unwrap();
}

/// Gives it pages again.
pub(crate) async fn empty_disk(store: &SqliteStore) {
    let emptied = store.write(|connection| Ok(connection.batch_execute("PRAGMA max_page_count = 1000000")?));
    emptied.await.unwrap();
}

/// An operation that keeps the writer from all others.
pub(crate) struct Holding {
    release: Sender<()>,
    operation: JoinHandle<Result<(), StorageError>>,
}

impl Holding {
    pub(crate) async fn begin(store: &SqliteStore) -> Self {
        let (release, released) = mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        let store = store.clone();
        let operation = tokio::spawn(async move {
            let hold = store.write(move |_| {
                begun.send(()).expect("it is waited for");
                released.recv_timeout(LONG).map_err(|_| Failure::Interrupted)
            });
            hold.await
        });
        has_begun.await.expect("it begins");
        Self { release, operation }
    }

    pub(crate) async fn end(self) {
        self.release.send(()).expect("it waits for that");
        self.operation.await.unwrap().expect("it took its time, and was not cut short");
    }
}
