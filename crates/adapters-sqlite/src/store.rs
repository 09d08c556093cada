//! The store: how it is opened, and how an operation gets its connection.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use deadpool::Status as PoolStatus;
use deadpool::managed::Object;
use diesel::SqliteConnection;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use portcullis_domain::ports::StorageError;
use tokio::runtime::Handle;
use tracing::Instrument as _;

use crate::connection::{Access, ConnectionPool, LogLimit, pool};
use crate::database_file;
use crate::errors::{Failure, OpenError};

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file.
    pub path: PathBuf,
    /// Whether the file is created unless it is there, which it is unless set; its folder never is.
    pub create: bool,
    /// How many connections read at the same time; four unless set. One more writes.
    pub readers: NonZeroUsize,
    /// How long an operation waits for a connection, and again for a lock that another process holds;
    /// four seconds unless set.
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    /// The usual options for this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        const READERS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
        Self { path: path.into(), create: true, readers: READERS, busy_timeout: Duration::from_secs(4) }
    }
}

/// All storage ports on one SQLite file. Clones share their connections.
///
/// Several stores can be open on one file, in one process or in many.
#[derive(Clone)]
pub struct SqliteStore {
    writer: ConnectionPool,
    readers: ConnectionPool,
    runtime: Handle,
}

impl SqliteStore {
    /// Opens the database, and creates it if need be. Its files can be read by their owner only.
    ///
    /// Operations run on the runtime that this is called on, which should be a multi-threaded one and
    /// outlive the store. The tables are there after [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`OpenError`] says why the file cannot be used.
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let SqliteOptions { path, create, readers, busy_timeout } = options.clone();
        let runtime = Handle::current();
        let prepared = runtime.spawn_blocking(move || database_file::prepare(&path, create, busy_timeout));
        let path = prepared.await??;
        Ok(Self {
            writer: pool(&path, Access::Write, 1, busy_timeout),
            readers: pool(&path, Access::Read, readers.get(), busy_timeout),
            runtime,
        })
    }

    /// How the connections that read are used at this moment.
    #[must_use]
    pub fn readers(&self) -> PoolStatus {
        self.readers.status()
    }

    /// How the one that writes is used at this moment.
    #[must_use]
    pub fn writer(&self) -> PoolStatus {
        self.writer.status()
    }

    /// Runs an operation that changes nothing and has one statement, or needs no two to agree.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.run(&self.readers, operation).await?)
    }

    /// Runs an operation as one transaction, alone: it sees nobody else's changes, and nobody sees
    /// any of its own before it succeeds.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.transaction(operation).await?)
    }

    /// As [`write`](Self::write), for who tells failures apart.
    pub(crate) async fn transaction<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(&self.writer, |connection| immediate_transaction(connection, operation)).await
    }

    /// As [`write`](Self::write), for an operation that changes thousands of rows.
    pub(crate) async fn write_bulk<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        let written = self.run(&self.writer, move |connection| {
            LogLimit::Bulk.set(connection)?;
            let outcome = immediate_transaction(connection, operation);
            LogLimit::Usual.set(connection)?;
            outcome
        });
        Ok(written.await?)
    }

    /// Runs an operation on a connection of `pool` to its end, whether or not the caller waits for it.
    async fn run<T: Send + 'static>(
        &self,
        pool: &ConnectionPool,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let pool = pool.clone();
        let span = tracing::debug_span!("sqlite", otel.kind = "client", db.system.name = "sqlite");
        let operation = async move {
            let mut connection = pool.get().await?;
            let ran = connection.spawn_blocking(move |connection| Ok(operation(connection))).await;
            ran.unwrap_or_else(|panic| {
                drop(Object::take(connection));
                Err(Failure::Panicked(panic))
            })
        };
        let outcome = self.runtime.spawn(operation.instrument(span));
        outcome.await.unwrap_or_else(|interruption| Err(interruption.into()))
    }
}

/// As diesel's, except that a failed rollback does not hide why there was one: SQLite has rolled back
/// by itself when the disk is full or broken.
fn immediate_transaction<T>(
    connection: &mut SqliteConnection,
    operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
    let outcome = operation(connection);
    if outcome.is_ok() {
        AnsiTransactionManager::commit_transaction(connection)?;
    } else {
        // The pool throws a connection away that is still inside a transaction.
        let _ = AnsiTransactionManager::rollback_transaction(connection);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use diesel::connection::SimpleConnection as _;
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Text};
    use tempfile::TempDir;
    use tokio::runtime;

    use super::*;
    use crate::schema::users;

    async fn fresh_store() -> (SqliteStore, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store =
            SqliteStore::open(&SqliteOptions::new(folder.path().join("portcullis.db"))).await.unwrap();
        store.migrate().await.unwrap();
        (store, folder)
    }

    fn integer(connection: &mut SqliteConnection, expression: &str) -> Result<i64, Failure> {
        Ok(diesel::select(sql::<BigInt>(expression)).get_result(connection)?)
    }

    fn count_roles(connection: &mut SqliteConnection) -> Result<i64, Failure> {
        integer(connection, "(SELECT count(*) FROM roles)")
    }

    fn add_role(connection: &mut SqliteConnection) -> Result<(), Failure> {
        let role = "INSERT INTO roles (id, name, built_in) VALUES (randomblob(16), hex(randomblob(9)), 0)";
        Ok(connection.batch_execute(role)?)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_acknowledged_is_on_the_disk() {
        let (store, _folder) = fresh_store().await;
        let (mode, synchronous) = store
            .write(|connection| {
                let mode = sql::<Text>("(SELECT journal_mode FROM pragma_journal_mode)");
                let mode: String = diesel::select(mode).get_result(connection)?;
                Ok((mode, integer(connection, "(SELECT synchronous FROM pragma_synchronous)")?))
            })
            .await
            .unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2), "2 is FULL");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_connection_has_its_settings() {
        let (store, _folder) = fresh_store().await;
        for pragma in ["foreign_keys = 1", "trusted_schema = 0", "temp_store = 2", "busy_timeout = 4000"] {
            let (name, value) = pragma.split_once(" = ").unwrap();
            let column = if name == "busy_timeout" { "timeout" } else { name };
            let setting = format!("(SELECT {column} FROM pragma_{name})");
            let of_reader = setting.clone();
            let reader = store.read(move |connection| integer(connection, &of_reader)).await.unwrap();
            let writer = store.write(move |connection| integer(connection, &setting)).await.unwrap();
            assert_eq!((reader.to_string().as_str(), writer.to_string().as_str()), (value, value), "{name}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reader_refuses_to_write() {
        let (store, _folder) = fresh_store().await;
        let refused = store.read(add_role).await.expect_err("a reader only reads");
        assert!(!refused.is_unavailable(), "it is a defect, not a passing trouble");
        assert_eq!(store.read(count_roles).await.unwrap(), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_row_cannot_name_a_user_who_is_not_there() {
        let (store, _folder) = fresh_store().await;
        let orphan = "INSERT INTO user_roles SELECT randomblob(16), id FROM roles";
        let refused = store.write(move |connection| Ok(connection.batch_execute(orphan)?)).await;
        assert!(!refused.expect_err("foreign keys hold").is_unavailable());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_operation_that_fails_leaves_nothing() {
        let (store, _folder) = fresh_store().await;
        let failed = store.write(|connection| {
            add_role(connection)?;
            integer(connection, "no_such_function()")
        });
        failed.await.expect_err("there is no such function");
        assert_eq!(store.write(count_roles).await.unwrap(), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_operation_that_panics_harms_nobody_else() {
        let (store, _folder) = fresh_store().await;
        let panicking = store.write(|connection| -> Result<(), Failure> {
            add_role(connection)?;
            panic!("on purpose");
        });
        let error = panicking.await.expect_err("the panic is told");
        assert!(!error.is_unavailable(), "it is a defect, which no retry cures");
        assert_eq!(store.write(count_roles).await.unwrap(), 2);
        store.write(add_role).await.unwrap();
        assert_eq!(store.read(count_roles).await.unwrap(), 3);
    }

    #[test]
    fn a_caller_on_a_single_thread_can_go_away_in_the_middle() {
        let main = runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (store, _folder) = main.block_on(fresh_store());
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel();

        let abandoned = store.clone();
        let worker = std::thread::spawn(move || {
            let worker = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            worker.block_on(async {
                let slow = abandoned.write(move |connection| {
                    begun.send(()).unwrap();
                    released.recv_timeout(Duration::from_secs(10)).expect("its caller goes away meanwhile");
                    add_role(connection)
                });
                tokio::time::timeout(Duration::from_millis(50), slow).await.expect_err("nobody waits for it");
            });
        });
        has_begun.recv().unwrap();
        worker.join().expect("going away does not panic");
        release.send(()).unwrap();

        let seen = main.block_on(store.write(count_roles)).unwrap();
        assert_eq!(seen, 3, "what was begun is finished, and its connection serves the next");
    }

    #[test]
    fn a_runtime_that_ends_in_the_middle_lets_the_operation_finish() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("portcullis.db"));
        let (begun, has_begun) = mpsc::channel();
        let ending = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        ending.block_on(async {
            let store = SqliteStore::open(&options).await.unwrap();
            store.migrate().await.unwrap();
            tokio::spawn(async move {
                let slow = store.write(move |connection| {
                    begun.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(200));
                    add_role(connection)
                });
                slow.await
            });
            tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        });
        drop(ending);

        let next = runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let seen = next.block_on(async {
            let store = SqliteStore::open(&options).await.unwrap();
            store.write(count_roles).await.unwrap()
        });
        assert_eq!(seen, 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_is_a_passing_trouble() {
        let (store, _folder) = fresh_store().await;
        store
            .write(|connection| {
                let pages = integer(connection, "(SELECT page_count FROM pragma_page_count)")?;
                Ok(connection.batch_execute(&format!("PRAGMA max_page_count = {pages}"))?)
            })
            .await
            .unwrap();
        let large = |connection: &mut SqliteConnection| {
            Ok(connection.batch_execute(
                "INSERT INTO roles (id, name, built_in) VALUES (randomblob(16), hex(randomblob(100000)), 0)",
            )?)
        };
        let error = store.write(large).await.expect_err("there is no page left");
        assert!(error.is_unavailable(), "{error:?}");
        store
            .write(|connection| Ok(connection.batch_execute("PRAGMA max_page_count = 1000000")?))
            .await
            .unwrap();
        store.write(large).await.expect("there is space again");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_row_that_makes_no_sense_is_a_defect() {
        let (store, _folder) = fresh_store().await;
        let broken =
            "INSERT INTO users (id, email, email_canonical, email_verified, is_active, locale, created_at)
                      VALUES (zeroblob(16), 'no address', 'no address', 0, 1, 'en', 0)";
        store.write(move |connection| Ok(connection.batch_execute(broken)?)).await.unwrap();
        let id: Vec<u8> =
            store.read(|connection| Ok(users::table.select(users::id).first(connection)?)).await.unwrap();
        assert_eq!(id, [0; 16]);
        let found = store.read(|connection| crate::users::find(connection, uuid::Uuid::nil().into())).await;
        assert!(!found.expect_err("no user has no address").is_unavailable());
    }
}
