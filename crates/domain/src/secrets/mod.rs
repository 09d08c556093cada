//! Secrets: random or derived, wiped from memory, never printed, stored as digests only.

mod attempt_key;
mod cursor;
mod mac;
mod one_time_code;
mod refresh_token;
mod secret_key;
mod token_secret;

pub use attempt_key::{AttemptKey, AttemptKeys};
pub use cursor::Cursors;
pub use one_time_code::{CodeDigest, CodeDigests, OneTimeCode};
pub use refresh_token::{Generation, RefreshToken, RefreshTokens};
pub use secret_key::{KeyPurpose, SecretKey, WeakSecretKey};
pub use token_secret::{TokenDigest, TokenSecret};
