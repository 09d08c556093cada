//! The contracts of the ports, as cases that any adapter can be held to.
//!
//! Each [`Case`] is one documented function on a fresh, empty [`Storage`], on a
//! [`MailerSetup`](mailer::MailerSetup) that has delivered nothing, and so on. Its name is the invariant that it
//! proves; the documentation of the ports names it beside the promise. An adapter that fails one is told what
//! the port promises, what it did instead, and what [usually causes](UsualCause) that.
//!
//! | contract | makes tests of it | gives its cases |
//! |---|---|---|
//! | storage | [`storage_contract!`](crate::storage_contract) | [`storage_cases`] |
//! | storage that breaks | [`fault_contract!`](crate::fault_contract) | [`fault_cases`] |
//! | archives | [`archive_contract!`](crate::archive_contract) | [`archive_cases`] |
//! | mailers | [`mailer_contract!`](crate::mailer_contract) | [`mailer_cases`] |
//! | password hashers | [`hasher_contract!`](crate::hasher_contract) | [`hasher_cases`] |
//! | access tokens | [`access_tokens_contract!`](crate::access_tokens_contract) | [`access_tokens_cases`] |

#![expect(clippy::missing_panics_doc, reason = "every case panics when the adapter fails it")]

pub mod access_tokens;
pub mod administration;
pub mod audit;
pub mod faults;
pub mod hasher;
pub mod installation_archive;
pub mod lockout;
pub mod mail_queue;
pub mod mailer;
pub mod roles;
pub mod sessions;
pub mod signing_keys;
pub mod tokens;
pub mod users;

mod case;
mod cases;
mod promises;
mod race;
mod steps;
mod trail;
mod usual_cause;

pub use case::{Case, Failure};
pub use usual_cause::UsualCause;

use crate::Storage;

/// The version of the contracts. It grows when a case is added or asks for more: an adapter says
/// which version it passes.
pub const VERSION: u32 = 8;

/// Every case of the storage contract.
#[must_use]
pub fn storage_cases() -> Vec<Case<Storage>> {
    crate::storage_contract! { @each list_each_case [] }
}

/// Every case of steps that fail half-way.
#[must_use]
pub fn fault_cases() -> Vec<Case<faults::FaultSetup>> {
    crate::fault_contract! { @each list_each_case [] }
}

/// Every case of the contract of archives.
#[must_use]
pub fn archive_cases() -> Vec<Case<installation_archive::ArchiveSetup>> {
    crate::archive_contract! { @each list_each_case [] }
}

/// Every case of the mailer contract.
#[must_use]
pub fn mailer_cases() -> Vec<Case<mailer::MailerSetup>> {
    crate::mailer_contract! { @each list_each_case [] }
}

/// Every case of the contract of password hashers.
#[must_use]
pub fn hasher_cases() -> Vec<Case<hasher::HasherSetup>> {
    crate::hasher_contract! { @each list_each_case [] }
}

/// Every case of the contract of access tokens.
#[must_use]
pub fn access_tokens_cases() -> Vec<Case<access_tokens::AccessTokensSetup>> {
    crate::access_tokens_contract! { @each list_each_case [] }
}
