//! What a test of accounts needs: storage in memory, fakes, and the contract suites that prove an adapter.
//!
//! - [`MemoryStorage`] keeps every promise of the storage ports; it passes the same suite as a database.
//! - [`FrozenClock`] and [`ScriptedEntropy`] stand in for the world outside: deterministic and quick.
//! - [`storage_contract!`] runs every case of a [contract] against an adapter.
//! - [`fixtures`] are people, sessions and mails to begin with.

mod clock;
pub mod contract;
mod entropy;
pub mod fixtures;
mod memory;
mod storage;

pub use clock::FrozenClock;
pub use entropy::ScriptedEntropy;
pub use memory::MemoryStorage;
pub use storage::{Operator, Storage};
