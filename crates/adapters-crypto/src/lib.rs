//! The cryptography behind the domain's ports.
//!
//! - [`OsEntropy`] draws random octets from the operating system;
//! - [`Argon2Hasher`] hashes passwords on a fixed number of threads, with a bounded queue in front, and
//!   checks the hashes of other systems on the same threads;
//! - [`BreachedPasswordFile`] searches a list of leaked passwords on disk;
//! - [`SealingKeyFactory`] makes signing keys whose private part is encrypted at rest;
//! - [`JwtAccessTokens`] signs and verifies access tokens with the keys of a [`KeyRing`].
//!
//! All of it rests on `aws-lc-rs`, and on the crates `argon2-rust`, `bcrypt` and `scrypt` for passwords.

mod access_tokens;
mod breached_passwords;
mod os_entropy;
mod password_hashing;
mod signing_keys;

pub use access_tokens::JwtAccessTokens;
pub use breached_passwords::{BreachedPasswordFile, InvalidBreachedPasswords};
pub use os_entropy::OsEntropy;
pub use password_hashing::{
    Argon2Hasher, Argon2Settings, HashingCapacity, HashingLoad, HashingObserver, InvalidArgon2Settings,
};
pub use signing_keys::{KeyRing, KeyRingError, SealingKeyFactory};
