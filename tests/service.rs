//! The real binary over real sockets: journeys of users, and what must hold under attack.

mod faults;
mod harness;
mod journeys;
mod readme;
mod security;
