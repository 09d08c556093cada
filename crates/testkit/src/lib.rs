//! What a test of accounts needs: a domain on fakes, and the contracts that prove an adapter.
//!
//! - [`TestDomain`] is every use case on fakes, in one line. The fakes are deterministic, quick, and open to
//!   questions: [`MemoryStorage`], [`FrozenClock`], [`ScriptedEntropy`], [`RecordingMailer`], [`RecordingObserver`],
//!   [`CheapHasher`], [`FakeAccessTokens`] and [`CountingSignal`].
//! - [`storage_contract!`], [`fault_contract!`], [`archive_contract!`], [`mailer_contract!`], [`hasher_contract!`] and
//!   [`access_tokens_contract!`] make a test of each case of a [contract].
//! - [`fixtures`] are people, roles, sessions, mails, commands and events to begin with.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing.md")]
mod page_on_testing {}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-an-adapter.md")]
mod page_on_adapters {}

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
mod test_domain;

pub use access_tokens::FakeAccessTokens;
pub use audit_observer::RecordingObserver;
pub use clock::FrozenClock;
pub use delivery_signal::CountingSignal;
pub use entropy::ScriptedEntropy;
pub use fakes::Fakes;
pub use mailer::RecordingMailer;
pub use memory::MemoryStorage;
pub use password_hasher::CheapHasher;
pub use storage::{BackDoor, Storage};
pub use test_domain::TestDomain;
