//! Signing keys: made, sealed for the store, read from it again, and published.

mod factory;
mod key_pair;
mod key_ring;
mod key_seal;
mod public_jwk;

pub use self::factory::SealingKeyFactory;
pub(crate) use self::key_ring::RingKey;
pub use self::key_ring::{KeyRing, KeyRingError};
