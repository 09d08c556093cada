//! The real binary over real sockets, on the embedded default: journeys of users, what must hold under
//! attack, and what happens when something breaks.

mod clients;
mod conformance;
mod faults;
mod harness;
#[path = "faults/held_database.rs"]
mod held_database;
mod in_browser;
mod journeys;
mod readme;
mod security;
mod verification;

/// Whether servers keep their data in a PostgreSQL database of their own, or in a file.
const ON_POSTGRES: bool = false;
