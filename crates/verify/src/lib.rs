//! The security contract of a running installation, checked from outside.
//!
//! `docs/security.md` says row by row what must hold under attack. Whatever of it can be told from outside is
//! here again as something to run against a URL: by operators after an upgrade, and by who brings an
//! adapter of their own. This crate shares no code with what it examines: it speaks HTTP, reads mails, and
//! believes nothing else.
//!
//! [`verify`] makes accounts of its own, under addresses that nobody else has, does to them what attackers
//! do, and erases them. It touches no other account.

mod access_token;
mod accounts;
mod administrator;
mod answer;
mod api;
mod ground;
mod mailbox;
mod outcome;
mod randomness;
mod report;
mod rows;
mod run;
mod service;

pub use self::administrator::Credentials;
pub use self::mailbox::MailboxPlace;
pub use self::outcome::Outcome;
pub use self::report::{Installation, Registration, Report, RowReport, Verification};
pub use self::rows::{InvalidRowId, RowId};
pub use self::run::{Plan, SetupError, verify};
