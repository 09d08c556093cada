//! Connections to the database, their settings, and the pools that keep them.

use std::time::Duration;

use deadpool::Runtime;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, ConnectionError, ConnectionResult, QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

pub(crate) type ConnectionPool = Pool<SyncConnectionWrapper<SqliteConnection>>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads, and SQLite refuses it everything else.
    Read,
    /// It reads and writes.
    Write,
}

impl Access {
    /// The settings of such a connection. Waiting for locks comes first: the others may need one.
    fn settings(self, busy_timeout: Duration) -> String {
        let wait = format!("PRAGMA busy_timeout = {};", busy_timeout.as_millis());
        let shared = "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;";
        let own = match self {
            Self::Read => "PRAGMA query_only = ON;",
            // What is erased is overwritten, so that nothing of a deleted account stays in the file.
            // What a large transaction changes stays in memory, up to 64 MiB, until it is committed.
            Self::Write => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
                PRAGMA cache_size = -65536;"
            }
        };
        [&wait, shared, own].concat()
    }
}

/// How much may be logged before it is copied into the database, where what was changed many times is
/// written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLimit {
    /// 4 MiB: whoever commits when it is reached copies it, and is soon done.
    Usual,
    /// 128 MiB: for who changes much, and can wait.
    Bulk,
}

impl LogLimit {
    /// Sets the limit for the commits of a connection.
    pub(crate) fn set(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        connection.batch_execute(match self {
            Self::Usual => "PRAGMA wal_autocheckpoint = 1000",
            Self::Bulk => "PRAGMA wal_autocheckpoint = 32000",
        })
    }
}

/// Connects to the database at `path`.
pub(crate) fn establish(
    path: &str,
    access: Access,
    busy_timeout: Duration,
) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(path)?;
    connection
        .batch_execute(&access.settings(busy_timeout))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// A pool of up to `size` connections, made when they are first needed. Who waits longer than
/// `busy_timeout` for one is refused.
pub(crate) fn pool(path: &str, access: Access, size: usize, busy_timeout: Duration) -> ConnectionPool {
    let mut config = ManagerConfig::default();
    // A connection to a file does not die; one that was left inside a transaction is not used again.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let path = path.to_owned();
        Box::pin(async move {
            let established = tokio::task::spawn_blocking(move || establish(&path, access, busy_timeout));
            let connection =
                established.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))??;
            Ok(SyncConnectionWrapper::new(connection))
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(path, config))
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(busy_timeout))
        .build()
        .expect("a pool with a runtime can have timeouts")
}
