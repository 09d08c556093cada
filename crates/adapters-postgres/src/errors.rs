//! What can go wrong, here and as the ports tell it.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as StatementError};
use diesel_async::pooled_connection::deadpool::PoolError;
use portcullis_domain::RoleName;
use portcullis_domain::ports::{RefusedRecord, StorageError};
use tokio::task::JoinError;
use tokio_postgres::error::SqlState;

/// Why a store could not be connected. Each one says what an operator can mend, and none repeats a
/// password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The certificates that `sslrootcert` names are not to be had.
    #[error("the certificates in {} cannot be read", path.display())]
    Certificates {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The system trusts no certificate authority that could vouch for the server.
    #[error("the system has no certificates to verify the server by; name some with sslrootcert=FILE")]
    NoCertificates,
    /// No server answered, or none that takes what `target_session_attrs` asks for, or it is not ready.
    #[error("no connection to {server}")]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server could not be trusted, or offers no TLS.
    #[error("no secure connection to {server}")]
    Tls {
        /// Where it was looked for.
        server: String,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refuses the user, the password or the database.
    #[error("{server} refuses the connection")]
    Refused {
        /// Which one it was.
        server: String,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// The server does not speak English, so its errors could not be told apart.
    #[error(
        "{server} speaks another language than English, which only an administrator can change: \
         ALTER ROLE … SET lc_messages = 'C'"
    )]
    ForeignLanguage {
        /// Which one it was.
        server: String,
    },
    /// The runtime ended meanwhile.
    #[error("connecting was interrupted")]
    Interrupted(#[from] JoinError),
}

impl OpenError {
    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// What a failed attempt to connect means.
    pub(crate) fn of_attempt(server: String, error: tokio_postgres::Error) -> Self {
        let source = Box::new(error);
        match source.as_db_error().map(|refusal| refusal.code().clone()) {
            Some(code) if code == SqlState::INSUFFICIENT_PRIVILEGE && is_about_language(&source) => {
                Self::ForeignLanguage { server }
            }
            Some(code) if is_passing_code(&code) => Self::Unreachable { server, source },
            Some(_) => Self::Refused { server, source: *source },
            None if is_about_tls(&source) => Self::Tls { server, source },
            None => Self::Unreachable { server, source },
        }
    }
}

/// The classes 08 (connection), 53 (resources) and 57 (operator) pass; the others do not.
fn is_passing_code(code: &SqlState) -> bool {
    ["08", "53", "57"].iter().any(|class| code.code().starts_with(class))
}

fn is_about_language(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|refusal| refusal.message().contains("lc_messages"))
}

/// Whether the handshake failed, or was refused. `tokio-postgres` does not tell its kinds of errors apart,
/// except by their first words.
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}

/// Why an operation on an open store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no connection to the database was to be had")]
    NoConnection(#[from] PoolError),
    #[error("no connection to the database was to be had")]
    NotConnected(#[from] OpenError),
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("a statement failed")]
    Statement(#[from] StatementError),
    #[error("a transaction could not be rolled back")]
    NotRolledBack(#[source] Box<Failure>),
    #[error("somebody else was quicker, again and again")]
    Overtaken,
    #[error("a stored row makes no sense")]
    Row(#[from] UnreadableRow),
    #[error("not all of the roles {0:?} exist")]
    UnknownRole(Vec<RoleName>),
    #[error(transparent)]
    Refused(RefusedRecord),
    #[error("a migration failed")]
    Migration(#[source] Box<dyn Error + Send + Sync>),
    #[error("the operation was interrupted")]
    Interrupted(#[from] JoinError),
}

/// A stored row that is no valid entity.
#[derive(Debug, thiserror::Error)]
#[error("its column {column} cannot be read")]
pub(crate) struct UnreadableRow {
    pub(crate) column: &'static str,
}

/// What became of a statement that failed, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The server rolled it back because of others who were at work: the same may succeed at once.
    Conflict,
    /// The connection was lost, and with it the answer: it may have been done.
    ConnectionLost,
    /// The server cannot write for now: it is a standby, or about to be one.
    ReadOnly,
    /// The server refused it because of the world around it.
    Passing,
    /// The server refused it for what it says.
    Refused,
}

impl Fate {
    fn of(error: &StatementError) -> Self {
        let StatementError::DatabaseError(kind, information) = error else {
            return Self::Refused;
        };
        match kind {
            DatabaseErrorKind::SerializationFailure => Self::Conflict,
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                Self::ConnectionLost
            }
            DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly,
            DatabaseErrorKind::Unknown => Self::of_message(information.message()),
            _ => Self::Refused,
        }
    }

    /// Diesel hands on the server's message and not its code. These are the messages of the codes that
    /// matter, in English: a connection is not opened to a server that speaks another language. `PgBouncer`
    /// has messages of its own, and one code for all of them.
    fn of_message(message: &str) -> Self {
        const PASSING: [&str; 11] = [
            // 57014: a time-out, or an operator. 55P03: a lock.
            "canceling statement due to",
            "could not obtain lock",
            // 57P03
            "the database system is",
            // 53300
            "sorry, too many clients",
            "remaining connection slots are reserved",
            "too many connections",
            // 53100, 53200, 53400
            "could not extend",
            "could not write",
            "could not fsync",
            "out of memory",
            "out of shared memory",
        ];
        // 57P01, 57P02, 57P05, 25P03
        const HUNG_UP: &str = "terminating connection";
        const POOLER_HUNG_UP: [&str; 13] = [
            "server ",
            "invalid server parameter",
            "query timeout",
            "query_timeout",
            "query_wait_timeout",
            "transaction timeout",
            "idle transaction timeout",
            "client_idle_timeout",
            "database configuration changed",
            "connect string changed",
            "bouncer ",
            "pooler is shutting down",
            "no more connections allowed",
        ];
        let starts_with = |known: &&str| message.starts_with(*known);
        if message == "deadlock detected" {
            Self::Conflict
        } else if message.starts_with(HUNG_UP) || POOLER_HUNG_UP.iter().any(starts_with) {
            Self::ConnectionLost
        } else if PASSING.iter().any(starts_with) || message.contains("No space left on device") {
            Self::Passing
        } else {
            Self::Refused
        }
    }
}

impl Failure {
    /// Whether nothing was done, and the same may succeed at once.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Overtaken => true,
            Self::Statement(error) => Fate::of(error) == Fate::Conflict,
            _ => false,
        }
    }

    /// Whether the connection went away, so that nobody knows what was done.
    pub(crate) fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Statement(error) if Fate::of(error) == Fate::ConnectionLost)
    }

    /// Whether the connection should not be used again: it is gone, or in a state that nobody knows, or
    /// leads to a server that does not write any more.
    pub(crate) fn spoils_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::NotRolledBack(_) | Self::Interrupted(_) => true,
            Self::Statement(error) => matches!(Fate::of(error), Fate::ConnectionLost | Fate::ReadOnly),
            _ => false,
        }
    }

    /// Whether the same operation may succeed later.
    fn is_passing(&self) -> bool {
        match self {
            Self::NoConnection(_) | Self::NotConnected(_) | Self::TimedOut | Self::Overtaken => true,
            Self::Statement(error) => Fate::of(error) != Fate::Refused,
            Self::NotRolledBack(failure) => failure.is_passing(),
            Self::Interrupted(error) => !error.is_panic(),
            Self::Migration(error) => {
                error.downcast_ref::<StatementError>().is_some_and(|error| Fate::of(error) != Fate::Refused)
            }
            Self::Row(_) | Self::UnknownRole(_) | Self::Refused(_) => false,
        }
    }
}

/// Whether a unique constraint or index of this name stood in the way.
pub(crate) fn violates(failure: &Failure, constraint: &str) -> bool {
    unique_violation(failure).is_some_and(|cause| cause.constraint_name() == Some(constraint))
}

/// Whether any unique constraint or index stood in the way.
pub(crate) fn is_taken(failure: &Failure) -> bool {
    unique_violation(failure).is_some()
}

fn unique_violation(failure: &Failure) -> Option<&dyn DatabaseErrorInformation> {
    match failure {
        Failure::Statement(StatementError::DatabaseError(DatabaseErrorKind::UniqueViolation, cause)) => {
            Some(cause.as_ref())
        }
        _ => None,
    }
}

/// Whether a role was granted that does not exist, and so has no id, or that was deleted meanwhile.
pub(crate) fn names_unknown_role(error: &StatementError) -> bool {
    match error {
        StatementError::DatabaseError(DatabaseErrorKind::NotNullViolation, cause) => {
            cause.column_name() == Some("role_id")
        }
        StatementError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, cause) => {
            cause.constraint_name() == Some("user_roles_role_id_fkey")
        }
        _ => false,
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        if failure.is_passing() { Self::unavailable(failure) } else { Self::broken(failure) }
    }
}
