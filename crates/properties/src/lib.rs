//! What holds for whatever comes in from outside: each function takes any octets for an input and panics when the
//! service would do with it what it must not.
//!
//! The fuzzers in `fuzz/` run them for as long as one likes, led by coverage; the tests of this crate run them on
//! the corpus of the fuzzers, and on mutations of it, wherever the other tests run.

#![expect(clippy::missing_panics_doc, reason = "said once, above")]

mod access_tokens;
mod account_files;
mod edits;
mod email_addresses;
mod forwarding_headers;
mod password_hashes;
mod request_bodies;
mod sealed_texts;

pub use access_tokens::access_tokens;
pub use account_files::account_files;
pub use email_addresses::email_addresses;
pub use forwarding_headers::forwarding_headers;
pub use password_hashes::password_hashes;
pub use request_bodies::request_bodies;
pub use sealed_texts::{cursors, refresh_tokens};

/// What has to hold for an input.
pub type Property = fn(&[u8]);

/// Every property under its name, which is that of its fuzzer and of its corpus.
pub const PROPERTIES: [(&str, Property); 8] = [
    ("access_tokens", access_tokens),
    ("account_files", account_files),
    ("cursors", cursors),
    ("email_addresses", email_addresses),
    ("forwarding_headers", forwarding_headers),
    ("password_hashes", password_hashes),
    ("refresh_tokens", refresh_tokens),
    ("request_bodies", request_bodies),
];
