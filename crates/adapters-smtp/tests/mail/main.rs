//! The mailers from outside: what they write, and how they hand it on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod custom_templates;
mod file_mailer;
mod fixtures;
mod smtp_mailer;
mod smtp_server;
mod words;
