//! The rules of the domain, on the testkit: no I/O, no waiting.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account_administration;
mod account_changes;
mod account_creation;
mod audit_trail;
mod breached_passwords;
mod copying;
mod delivery;
mod email_addresses;
mod health;
mod hooks;
mod ids;
mod importing;
mod interleavings;
mod introspection;
mod lists;
mod names_and_permissions;
mod password_reset;
mod passwords;
mod records;
mod refreshing;
mod registration;
mod roles;
mod searching;
mod secrets;
mod sessions;
mod sign_in;
mod signing_keys;
mod storage_errors;
mod sweeping;
mod timestamps;
mod verification;

/// Who most tests are about.
const ADA: &str = "ada@example.com";
