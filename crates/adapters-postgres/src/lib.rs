//! Production storage: every storage port on PostgreSQL, 14 or newer.
//!
//! [`PostgresStore`] is cheap to clone and implements all of
//! [`UserRepository`](portcullis_domain::ports::UserRepository),
//! [`UserAdministration`](portcullis_domain::ports::UserAdministration),
//! [`RoleRepository`](portcullis_domain::ports::RoleRepository),
//! [`SessionRepository`](portcullis_domain::ports::SessionRepository),
//! [`TokenRepository`](portcullis_domain::ports::TokenRepository),
//! [`LockoutRepository`](portcullis_domain::ports::LockoutRepository),
//! [`MailQueue`](portcullis_domain::ports::MailQueue),
//! [`AuditTrail`](portcullis_domain::ports::AuditTrail),
//! [`SigningKeyRepository`](portcullis_domain::ports::SigningKeyRepository) and
//! [`InstallationArchive`](portcullis_domain::ports::InstallationArchive).
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
//! use portcullis_domain::ports::UserRepository;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = PostgresUrl::parse("postgres://portcullis:secret@db1,db2/portcullis?sslmode=verify-full")?;
//! let store = PostgresStore::connect(&PostgresOptions::new(url)).await?;
//! store.migrate().await?;
//! let users: Arc<dyn UserRepository> = Arc::new(store);
//! users.ping().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A port method is one statement, or one transaction whose statements are all sent before the first one
//! is answered. Either way it is *one round trip*; where it is not, the method says so. Statements are
//! prepared once for each connection. They run at `READ COMMITTED`, and the invariants of the ports rest on
//! three habits:
//!
//! - what concerns one row is one statement that compares and sets (`UPDATE … WHERE generation = …`,
//!   `INSERT … ON CONFLICT`): PostgreSQL lets those who come second wait, look again, and find it changed;
//! - whoever changes what hangs on an account (its password, its secrets, its roles) holds the row of the user
//!   first. What the transaction then reads is what the one before it has left;
//! - whoever takes away an administrator holds the row of the role `admin` as well, and whoever changes a role
//!   holds its row.
//!
//! An event of the audit trail is stored by the statement that makes it happen. What somebody may do is compared
//! with what is stored by the statement that does it.
//!
//! Rows are locked in this order: one user, roles, what hangs on the user, counts of attempts, mails. Where
//! PostgreSQL still finds a deadlock, it rolls one of them back, and that one is run again. So is what was
//! found overtaken by others, and what only reads when its connection was lost. Nothing else is repeated: a
//! change whose connection was lost may have been made.
//!
//! An operation runs in a task of the runtime that connected the store: a caller that goes away, or that
//! lives on a single-threaded runtime as an actix worker does, neither cuts it short nor drives its
//! connection. What is read by key goes another way: a single-threaded runtime has a connection of its own
//! for that, which those who ask share; when an answer is slow or fails, it is asked for again through the pool.
//! An operation is given up after [`PostgresOptions::patience`], and its connection with it. What a server
//! refuses because of the world around it (it starts, stops, is full or does not write), or does not answer,
//! is [`StorageError::unavailable`](portcullis_domain::ports::StorageError::unavailable).
//!
//! # Behind a pooler
//!
//! In transaction mode `PgBouncer` has to be 1.21 or newer with `max_prepared_statements` above zero (200 is
//! plenty). Each connection begins with `SET statement_timeout`, `lock_timeout`,
//! `idle_in_transaction_session_timeout`, `jit` and `max_parallel_workers_per_gather`; there it reaches one of the
//! server's connections and not surely all, so give them to the role, too:
//!
//! ```sql
//! ALTER ROLE portcullis_runtime SET statement_timeout = '1425ms';
//! ALTER ROLE portcullis_runtime SET lock_timeout = '1187ms';
//! ALTER ROLE portcullis_runtime SET idle_in_transaction_session_timeout = '3800ms';
//! ALTER ROLE portcullis_runtime SET jit = off;
//! ALTER ROLE portcullis_runtime SET max_parallel_workers_per_gather = 0;
//! ```
//!
//! Without that an operation is still given up in time; only the server may go on with it for a while, and
//! compile what it need not.
//!
//! # Least rights
//!
//! [`migrate`](PostgresStore::migrate) needs a role that may create tables. Everything else can be done by a role
//! with these rights and no others, given by the role that migrates:
//!
//! ```sql
//! GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portcullis_runtime;
//! REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM portcullis_runtime;
//! -- Those that later migrations bring:
//! ALTER DEFAULT PRIVILEGES IN SCHEMA public
//!     GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portcullis_runtime;
//! ```

mod audit_trail;
mod authority;
mod connection;
mod direct_reader;
mod errors;
mod installation_archive;
mod lockout;
mod locks;
mod mail_queue;
mod migrations;
mod moment;
mod postgres_url;
mod roles;
mod rows;
mod schema;
mod sessions;
mod signing_keys;
mod statement;
mod store;
mod sweep;
mod tls;
mod tokens;
mod transaction;
mod user_administration;
mod users;

pub use deadpool::Status as PoolStatus;
pub use errors::OpenError;
pub use postgres_url::{InvalidPostgresUrl, PostgresUrl};
pub use store::{PostgresOptions, PostgresStore};
