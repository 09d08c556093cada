//! What can go wrong, here and as the ports tell it.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use diesel::ConnectionError;
use diesel::result::Error as StatementError;
use portcullis_domain::RoleName;
use portcullis_domain::ports::{RefusedRecord, StorageError};
use tokio::task::JoinError;

/// Why a database could not be opened. Each one says what an operator can mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder for the file is not there.
    #[error("cannot keep a database in {}: there is no such folder", folder.display())]
    NoSuchFolder {
        /// Where the folder should be.
        folder: PathBuf,
    },
    /// There is no file with the name, and none is to be created.
    #[error("there is no database {}", path.display())]
    NoSuchFile {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// Something else than a file has the name.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// The path cannot be handed to SQLite.
    #[error("the path {} is not valid UTF-8", path.display())]
    NotUtf8 {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// The operating system refuses the file, or its folder.
    #[error("cannot open {} for reading and writing", path.display())]
    Inaccessible {
        /// The path that was to be opened.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file holds something else, or is damaged.
    #[error("{} is not a SQLite database, or is damaged", path.display())]
    NotADatabase {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// The file is a database of another application.
    #[error("{} is a database of another application", path.display())]
    ForeignDatabase {
        /// The path that was to be opened.
        path: PathBuf,
    },
    /// SQLite cannot work with the file: it is locked, or its folder is not writable, or the disk is full.
    #[error("SQLite cannot use {} and the folder that it is in", path.display())]
    Unusable {
        /// The path that was to be opened.
        path: PathBuf,
        /// What SQLite says.
        source: ConnectionError,
    },
    /// The operating system gives the store no threads.
    #[error("the threads of the store cannot be started")]
    NoThreads(#[source] io::Error),
    /// The runtime ended meanwhile.
    #[error("opening the database was interrupted")]
    Interrupted(#[from] JoinError),
}

/// Why an operation on an open store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no connection to the database was free in time")]
    Waited,
    #[error("too many operations wait for a connection to the database")]
    Crowded,
    #[error("the database cannot be connected to")]
    NoConnection(#[from] ConnectionError),
    #[error("a statement failed")]
    Statement(#[from] StatementError),
    #[error("a stored row makes no sense")]
    Row(#[from] UnreadableRow),
    #[error("there is no role {0}")]
    UnknownRole(RoleName),
    #[error(transparent)]
    Refused(RefusedRecord),
    #[error("a migration failed")]
    Migration(#[source] Box<dyn Error + Send + Sync>),
    #[error("the operation panicked")]
    Panicked,
    #[error("the operation was interrupted")]
    Interrupted,
    #[error("SQLite has rolled back the transaction")]
    Undone(#[source] StatementError),
    /// What became of all operations of a transaction.
    #[error(transparent)]
    Shared(Arc<Self>),
}

/// A stored row that is no valid entity.
#[derive(Debug, thiserror::Error)]
#[error("its column {column} cannot be read")]
pub(crate) struct UnreadableRow {
    pub(crate) column: &'static str,
}

impl Failure {
    /// Whether the same operation may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Waited | Self::Crowded | Self::NoConnection(_) | Self::Interrupted | Self::Undone(_) => {
                true
            }
            Self::Statement(error) => is_passing(error),
            Self::Shared(failure) => failure.is_passing(),
            Self::Row(_) | Self::UnknownRole(_) | Self::Refused(_) | Self::Migration(_) | Self::Panicked => {
                false
            }
        }
    }
}

/// Whether SQLite refused because of the world around it. Diesel hands on its message, not its code;
/// these are the messages of `SQLITE_LOCKED`, `SQLITE_FULL`, `SQLITE_IOERR` and `SQLITE_CANTOPEN`.
fn is_passing(error: &StatementError) -> bool {
    const PASSING: [&str; 4] = [
        "database table is locked",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
    ];
    match error {
        StatementError::DatabaseError(_, information) => {
            is_locked(error) || PASSING.iter().any(|message| information.message().starts_with(message))
        }
        StatementError::RollbackErrorOnCommit { commit_error, .. } => is_passing(commit_error),
        _ => false,
    }
}

/// Whether another connection has the lock: the message of `SQLITE_BUSY`.
pub(crate) fn is_locked(error: &StatementError) -> bool {
    matches!(error, StatementError::DatabaseError(_, cause) if cause.message() == "database is locked")
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        if failure.is_passing() { Self::unavailable(failure) } else { Self::broken(failure) }
    }
}
