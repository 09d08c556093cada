//! The HTTP interface over a real socket, on use cases over fakes.

mod bad_input;
mod checking;
mod cors;
mod email_change;
mod logging;
mod operations;
mod order_of_checks;
mod passwords;
mod problems;
mod profile;
mod rate_limits;
mod refreshing;
mod registration;
mod routing;
mod service;
mod sessions;
mod sign_in;
mod verification;
