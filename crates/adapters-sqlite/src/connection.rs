//! Connections to the database, their settings, and how a thread keeps one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::{Connection as _, ConnectionError, ConnectionResult, QueryResult, SqliteConnection};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads, and SQLite refuses it everything else.
    Read,
    /// It reads and writes. So much of what it reads and changes stays in memory at most.
    Write { cache_mib: u32 },
}

impl Access {
    /// The settings of such a connection. Waiting for locks comes first: the others may need one.
    fn settings(self, busy_timeout: Duration) -> String {
        let wait = format!("PRAGMA busy_timeout = {};", busy_timeout.as_millis());
        let shared = "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;";
        let own = match self {
            Self::Read => "PRAGMA query_only = ON;".to_owned(),
            // What is erased is overwritten, so that nothing of a deleted account stays in the file. What does not
            // fit into the cache is written to the log, perhaps again and again, before it is committed.
            Self::Write { cache_mib } => format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
                PRAGMA cache_size = -{};",
                u64::from(cache_mib) << 10
            ),
        };
        [&wait, shared, &own].concat()
    }
}

/// How much may be logged before it is copied into the database, where what was changed many times is
/// written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLimit {
    /// 4 MiB: whoever commits when it is reached copies it, and is soon done.
    Usual,
    /// 512 MiB: for who changes much, and can wait.
    Bulk,
}

impl LogLimit {
    /// Sets the limit for the commits of a connection.
    pub(crate) fn set(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        connection.batch_execute(match self {
            Self::Usual => "PRAGMA wal_autocheckpoint = 1000",
            Self::Bulk => "PRAGMA wal_autocheckpoint = 128000",
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

/// Makes the connections of one kind, and knows how many of them are open.
#[derive(Clone)]
pub(crate) struct ConnectionMaker {
    path: Arc<str>,
    access: Access,
    busy_timeout: Duration,
    open: Arc<AtomicUsize>,
}

impl ConnectionMaker {
    pub(crate) fn new(path: &str, access: Access, busy_timeout: Duration) -> Self {
        Self { path: path.into(), access, busy_timeout, open: Arc::default() }
    }

    /// A connection that is made when it is first needed.
    pub(crate) fn own(&self) -> OwnConnection {
        OwnConnection { maker: self.clone(), connection: None }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// The connection of one thread.
pub(crate) struct OwnConnection {
    maker: ConnectionMaker,
    connection: Option<SqliteConnection>,
}

impl OwnConnection {
    /// The connection, ready for use. One that was left inside a transaction is not used again.
    pub(crate) fn get(&mut self) -> ConnectionResult<&mut SqliteConnection> {
        if self.connection.as_mut().is_some_and(AnsiTransactionManager::is_broken_transaction_manager) {
            self.close();
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                let ConnectionMaker { path, access, busy_timeout, open } = &self.maker;
                let connection = establish(path, *access, *busy_timeout)?;
                open.fetch_add(1, Ordering::Relaxed);
                Ok(none.insert(connection))
            }
        }
    }

    /// Closes it: the next use is that of another one.
    pub(crate) fn close(&mut self) {
        if self.connection.take().is_some() {
            self.maker.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
