//! The store: how it is opened, and how operations reach its connections.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use diesel::SqliteConnection;
use portcullis_domain::ports::StorageError;
use tracing::{Instrument as _, Span};

use crate::connection::{Access, ConnectionMaker};
use crate::connection_threads::{ConnectionThreads, PoolStatus};
use crate::direct_reader::{DirectReader, Rest};
use crate::errors::{Failure, OpenError};
use crate::operation::{Operation, asked};
use crate::writer::{Scope, Write};
use crate::{database_file, reader, writer};

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file.
    pub path: PathBuf,
    /// Whether the file is created unless it is there, which it is unless set; its folder never is.
    pub create: bool,
    /// How many threads read at the same time, each over a connection of its own; four unless set. Who reads by key does so
    /// over as many others, and one more writes.
    pub readers: NonZeroUsize,
    /// How long an operation waits for a connection, and again for a lock that another process holds;
    /// four seconds unless set.
    pub busy_timeout: Duration,
    /// How many MiB of the database the connection that writes keeps in memory at most; 64 unless set. It is what many
    /// changes in all places want, as an import is.
    pub write_cache_mib: u32,
}

impl SqliteOptions {
    /// The usual options for this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        const READERS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
        Self {
            path: path.into(),
            create: true,
            readers: READERS,
            busy_timeout: Duration::from_secs(4),
            write_cache_mib: 64,
        }
    }
}

/// All storage ports on one SQLite file. Clones share their connections.
///
/// Several stores can be open on one file, in one process or in many. When the last clone is dropped, what
/// was submitted is done, and the connections are closed: that takes as long as the disk does.
#[derive(Clone)]
pub struct SqliteStore {
    readers: Arc<ConnectionThreads<Box<dyn Operation>>>,
    direct_reader: Arc<DirectReader>,
    /// Dropped after the readers: who is the last to close its connection tidies up the file.
    writer: Arc<ConnectionThreads<Write>>,
    busy_timeout: Duration,
}

impl SqliteStore {
    /// Opens the database, and creates it if need be. Its files can be read by their owner only.
    ///
    /// Operations run on threads of the store. Whoever waits for them does so on any runtime of tokio, also a
    /// single-threaded one, whose timers are enabled. The tables are there after [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`OpenError`] says why the file cannot be used.
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let SqliteOptions { path, create, readers, busy_timeout, write_cache_mib } = options.clone();
        let prepared =
            tokio::task::spawn_blocking(move || database_file::prepare(&path, create, busy_timeout));
        let path = prepared.await??;
        let direct_reader = Arc::new(DirectReader::new(&path, readers.get(), Rest::USUAL));
        let connections = |access| ConnectionMaker::new(&path, access, busy_timeout);
        let readers = ConnectionThreads::start(
            "sqlite-reader",
            readers.get(),
            connections(Access::Read),
            reader::serve,
        );
        let writing = Access::Write { cache_mib: write_cache_mib };
        let writer = ConnectionThreads::start("sqlite-writer", 1, connections(writing), writer::serve);
        Ok(Self {
            readers: Arc::new(readers.map_err(OpenError::NoThreads)?),
            direct_reader,
            writer: Arc::new(writer.map_err(OpenError::NoThreads)?),
            busy_timeout,
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

    /// Runs an operation that reads a few rows by their keys with one statement: on the thread that asks, if that does
    /// not keep it long.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        match span().in_scope(|| self.direct_reader.run(&operation)) {
            Some(outcome) => Ok(outcome?),
            None => self.read(operation).await,
        }
    }

    /// Runs an operation that changes nothing and has one statement, or needs no two to agree.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (operation, answer) = asked(operation);
        let read = self.readers.submit(operation, answer, self.busy_timeout);
        Ok(read.instrument(span()).await?)
    }

    /// Runs an operation as if it were a transaction, alone: it sees nobody else's changes but those that
    /// are kept, and nobody sees any of its own before they are.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.transaction(Scope::Shared, operation).await?)
    }

    /// As [`write`](Self::write), for an operation that would keep others waiting.
    pub(crate) async fn write_alone<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.transaction(Scope::Own, operation).await?)
    }

    /// As [`write`](Self::write), for an operation that changes thousands of rows.
    pub(crate) async fn write_bulk<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.transaction(Scope::Bulk, operation).await?)
    }

    /// As these, for who tells failures apart.
    pub(crate) async fn transaction<T: Send + 'static>(
        &self,
        scope: Scope,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (operation, answer) = asked(operation);
        let written = self.writer.submit(Write { operation, scope }, answer, self.busy_timeout);
        written.instrument(span()).await
    }
}

fn span() -> Span {
    tracing::debug_span!("sqlite", otel.kind = "client", db.system.name = "sqlite")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use diesel::connection::SimpleConnection as _;
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use tokio::runtime;

    use super::*;
    use crate::schema::users;
    use crate::test_store::{
        BUILT_IN, Holding, add_role, add_role_with_name_of, count_roles, empty_disk, eventually, fill_disk,
        fresh_store, integer,
    };

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
        let folder = tempfile::tempdir().unwrap();
        let usual = SqliteOptions::new(folder.path().join("portcullis.db"));
        let store = SqliteStore::open(&usual).await.unwrap();
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
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN);
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
        assert_eq!(store.write(count_roles).await.unwrap(), BUILT_IN);
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
        assert_eq!(store.write(count_roles).await.unwrap(), BUILT_IN);
        store.write(add_role).await.unwrap();
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN + 1);
    }

    #[test]
    fn a_caller_on_a_single_thread_can_go_away_in_the_middle() {
        let main = runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (store, _folder) = main.block_on(fresh_store());
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel();

        let abandoned = store.clone();
        let worker = thread::spawn(move || {
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
        assert_eq!(seen, BUILT_IN + 1, "what was begun is finished, and its connection serves the next");
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
                    thread::sleep(Duration::from_millis(200));
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
        assert_eq!(seen, BUILT_IN + 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_waits_too_long_for_a_connection_is_refused_and_nothing_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portcullis.db");
        let impatient = SqliteOptions { busy_timeout: Duration::from_secs(5), ..SqliteOptions::new(&path) };
        let store = SqliteStore::open(&impatient).await.unwrap();
        store.migrate().await.unwrap();
        let holding = Holding::begin(&store).await;
        let refused = store.write(add_role).await.expect_err("the writer is busy");
        assert!(refused.is_unavailable(), "{refused:?}");
        holding.end().await;
        assert_eq!(store.write(count_roles).await.unwrap(), BUILT_IN);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_knows_how_its_connections_are_used() {
        let (store, _folder) = fresh_store().await;
        let used = |PoolStatus { max_size, size, available, waiting }| {
            (size - available, available, max_size, waiting)
        };
        assert_eq!(used(store.readers()), (0, 0, 4, 0), "none of them is open before it is needed");

        let holding = Holding::begin(&store).await;
        let adding = store.clone();
        let waiting = tokio::spawn(async move { adding.write(add_role).await });
        eventually("it waits", || store.writer().waiting > 0).await;
        assert_eq!(used(store.writer()), (1, 0, 1, 1));
        holding.end().await;
        waiting.await.unwrap().unwrap();
        store.read(count_roles).await.unwrap();
        eventually("both rest", || store.readers().available > 0 && store.writer().available > 0).await;
        assert_eq!(used(store.readers()), (0, 1, 4, 0));
        assert_eq!(used(store.writer()), (0, 1, 1, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_that_is_dropped_finishes_what_it_was_given_and_tidies_up() {
        let (store, folder) = fresh_store().await;
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let begun_first = store.clone();
        let first = tokio::spawn(async move {
            let slow = begun_first.write(move |connection| {
                begun.send(()).unwrap();
                released.recv_timeout(Duration::from_mins(1)).expect("the store is dropped meanwhile");
                add_role(connection)
            });
            slow.await
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let waiting = store.clone();
        let second = tokio::spawn(async move { waiting.write(add_role).await });
        eventually("it waits", || store.writer().waiting > 0).await;
        first.abort();
        second.abort();
        assert!(first.await.is_err() && second.await.is_err(), "nobody waits any more");
        let writer = Arc::downgrade(&store.writer);
        let dropping = tokio::task::spawn_blocking(move || drop(store));
        eventually("it is being dropped", || writer.strong_count() == 0).await;
        release.send(()).unwrap();
        dropping.await.unwrap();

        let files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["portcullis.db"], "the log is part of the database again");
        let options = SqliteOptions::new(folder.path().join("portcullis.db"));
        let again = SqliteStore::open(&options).await.unwrap();
        assert_eq!(again.read(count_roles).await.unwrap(), BUILT_IN + 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reading_that_panics_harms_nobody_else() {
        let (store, _folder) = fresh_store().await;
        for _ in 0..10 {
            let panicking = store.read(|_| -> Result<(), Failure> { panic!("on purpose") });
            assert!(!panicking.await.expect_err("the panic is told").is_unavailable());
        }
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_is_a_passing_trouble() {
        let (store, _folder) = fresh_store().await;
        let large = |connection: &mut SqliteConnection| add_role_with_name_of(connection, 100_000);
        fill_disk(&store).await;
        let error = store.write(large).await.expect_err("there is no page left");
        assert!(error.is_unavailable(), "{error:?}");
        empty_disk(&store).await;
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
