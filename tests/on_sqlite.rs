//! The real binary over real sockets, on the embedded default: journeys of users, what must hold under
//! attack, and what happens when something breaks.

mod faults;
mod harness;
#[path = "faults/held_database.rs"]
mod held_database;
mod journeys;
mod readme;
mod security;

/// What the servers of these tests keep their data in.
const STORE: harness::Store = harness::Store::Sqlite;
