//! The HTTP interface over a real socket, on use cases over fakes.

mod access;
mod audit;
mod bad_input;
mod built_in_administrator;
mod checking;
mod cors;
mod email_change;
mod introspection;
mod logging;
mod operations;
mod order_of_checks;
mod passwords;
mod problems;
mod profile;
mod rate_limits;
mod refreshing;
mod registration;
mod roles;
mod routing;
mod service;
mod sessions;
mod sign_in;
mod user_list;
mod user_sessions;
mod users;
mod verification;
