//! PostgreSQL for tests: servers and databases that are gone when the tests are.
//!
//! - [`Template`] gives a test a database of its own, on a server that all tests of a process share.
//!   Where `PORTCULLIS_TEST_DATABASE_URL` names a server, it is made there instead, and dropped
//!   afterwards; the URL is that of a database to connect to for that, as a role that may create others.
//! - [`Cluster`] is a server of one's own: to kill, to pause, to restart, to promote.
//! - [`with_time_to_connect`] is for URLs of clusters: those of databases have it.
//! - [`Wire`] stands between clients and a server, and counts round trips.
//!
//! A cluster listens on loopback and on a Unix socket, trusts everybody, and survives nothing: neither the
//! test that dropped it, nor a test process that was killed. It is looked for in the folder that
//! `PORTCULLIS_TEST_PG_BIN` names, then where Debian has it, then in `PATH`. PostgreSQL refuses to run as
//! root; where the tests are root it runs as `postgres`, or as `nobody`.

mod binaries;
mod cluster;
mod database;
mod owner;
mod server;
mod time_to_connect;
mod wire;

pub use binaries::NoServerInstalled;
pub use cluster::{Cluster, ClusterOptions, StartError};
pub use database::{Database, Migrate, Template};
pub use server::{Server, run};
pub use time_to_connect::with_time_to_connect;
pub use wire::Wire;
