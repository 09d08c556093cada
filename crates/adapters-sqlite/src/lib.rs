//! The embedded default storage: every storage port on one SQLite file, with nothing to set up.
//!
//! [`SqliteStore`] is cheap to clone and implements all of
//! [`UserRepository`](portcullis_domain::ports::UserRepository),
//! [`UserAdministration`](portcullis_domain::ports::UserAdministration),
//! [`RoleRepository`](portcullis_domain::ports::RoleRepository),
//! [`SessionRepository`](portcullis_domain::ports::SessionRepository),
//! [`TokenRepository`](portcullis_domain::ports::TokenRepository),
//! [`LockoutRepository`](portcullis_domain::ports::LockoutRepository),
//! [`MailQueue`](portcullis_domain::ports::MailQueue),
//! [`SigningKeyRepository`](portcullis_domain::ports::SigningKeyRepository),
//! [`AuditTrail`](portcullis_domain::ports::AuditTrail) and
//! [`InstallationArchive`](portcullis_domain::ports::InstallationArchive).
//!
//! ```
//! use std::sync::Arc;
//!
//! use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
//! use portcullis_domain::ports::UserRepository;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(&SqliteOptions::new(folder.path().join("portcullis.db"))).await?;
//! store.migrate().await?;
//! let users: Arc<dyn UserRepository> = Arc::new(store);
//! users.ping().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! The file is in WAL mode and every commit is synced to disk before it is acknowledged. Each store has
//! *one* connection that writes and several that can only read, so readers never wait for a writer, and
//! writers queue for the connection instead of failing at a lock. Every write is an `IMMEDIATE`
//! transaction: it holds the lock from its first statement on, so what it reads stays true until it
//! commits. That is why the invariants of the ports read here as plain code: look, decide, change.
//!
//! A port method is one closure over a plain synchronous [`diesel`] connection. Each connection belongs to
//! a thread, which takes closures from a queue: one queue for those that read, one for the thread that
//! writes. So an operation crosses threads once and comes back once, and runs as a whole where nothing can
//! cut it short: a caller that goes away is not answered, and that is all. A closure that panics loses its
//! connection, and nobody else notices.
//!
//! What is read by key for nearly each request (a session with its user, an account that signs in) is read on
//! the thread that asks, over connections of their own, as long as the file is in memory: there, waking
//! another thread takes longer than reading. After a read that took more than a millisecond the threads
//! have all of them for twenty times as long, a second at most.
//!
//! Writes that wait while others are on their way to the disk are committed together: one transaction, a
//! savepoint for each, one sync, and only then their answers. One that fails is taken back to its savepoint.
//! A write that is alone has its transaction at once. What takes long is always committed alone.
//!
//! What is slow to answer is bounded: a lock held by another process, or a queue for the connections,
//! turns into [`StorageError::unavailable`](portcullis_domain::ports::StorageError::unavailable) after
//! [`SqliteOptions::busy_timeout`] each.
//!
//! Statements are diesel's typed ones, which a connection prepares once and keeps; raw SQL would be
//! prepared at each call. Of an `UPDATE` diesel has to be told so. A single row is taken with `get_result`
//! and never with `first`: that binds a limit, for which SQLite prepares the statement again each time. What
//! a typed statement could not say well is said in the views `accounts` and `complete_roles`.

mod audit_trail;
mod authority;
mod connection;
mod connection_threads;
mod database_file;
mod direct_reader;
mod errors;
mod installation_archive;
mod kept;
mod lockout;
mod mail_queue;
mod migrations;
mod operation;
mod queue;
mod reader;
mod roles;
mod rows;
mod schema;
mod sessions;
mod signing_keys;
mod store;
mod sweep;
#[cfg(test)]
mod test_store;
mod tokens;
mod user_administration;
mod users;
mod writer;

pub use connection_threads::PoolStatus;
pub use errors::OpenError;
pub use store::{SqliteOptions, SqliteStore};
