//! The same journeys, attacks and faults on PostgreSQL.

mod faults;
mod harness;
mod journeys;
#[path = "faults/lost_database.rs"]
mod lost_database;
mod scale_out;
mod security;

/// What the servers of these tests keep their data in.
const STORE: harness::Store = harness::Store::Postgres;
