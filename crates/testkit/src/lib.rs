//! What a test of accounts needs: storage in memory, fakes, and the contract suites that prove an adapter.
//!
//! - [`MemoryStorage`] keeps every promise of the storage ports; it passes the same suite as a database.
//! - [`FrozenClock`], [`ScriptedEntropy`], [`RecordingMailer`], [`RecordingObserver`], [`CheapHasher`],
//!   [`FakeAccessTokens`] and [`CountingSignal`] stand in for the world outside: deterministic, quick, and open to questions.
//! - [`storage_contract!`], [`archive_contract!`] and [`mailer_contract!`] run every case of a [contract]
//!   against an adapter.
//! - [`fixtures`] are people, roles, sessions, mails and events to begin with.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod access_tokens;
mod audit_observer;
mod clock;
pub mod contract;
mod delivery_signal;
mod entropy;
mod fakes;
pub mod fixtures;
mod mailer;
mod memory;
mod password_hasher;
mod storage;

pub use access_tokens::FakeAccessTokens;
pub use audit_observer::RecordingObserver;
pub use clock::FrozenClock;
pub use delivery_signal::CountingSignal;
pub use entropy::ScriptedEntropy;
pub use fakes::Fakes;
pub use mailer::RecordingMailer;
pub use memory::MemoryStorage;
pub use password_hasher::CheapHasher;
pub use storage::{Operator, Storage};
