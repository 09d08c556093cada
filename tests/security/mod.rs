//! What must hold under attack, by the rows of `docs/security.md`.

mod access_tokens;
mod addresses;
mod administrators;
mod client_addresses;
mod ending;
mod input;
mod one_use;
mod passwords;
mod permissions;
mod rate_limits;
mod secrets_at_rest;
