//! The same journeys, attacks and faults on PostgreSQL.

mod conformance;
mod faults;
mod harness;
mod journeys;
#[path = "faults/lost_database.rs"]
mod lost_database;
#[path = "clients/rust.rs"]
mod rust_client;
mod scale_out;
mod security;
mod verification;

/// Whether servers keep their data in a PostgreSQL database of their own, or in a file.
const ON_POSTGRES: bool = true;
