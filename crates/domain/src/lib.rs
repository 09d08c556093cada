//! User accounts as pure rules.
//!
//! This crate says what an account, a session, a token and a role are, and what registering, signing in
//! or resetting a password means. It reads no clock, draws no random number, opens no socket and knows no
//! database: what it needs from outside are [ports], which adapters implement.
//!
//! - [values](EmailAddress) can only be made valid;
//! - [ports] are small traits whose methods are atomic steps;
//! - [`use_cases`] are one struct each, named after what it does.

pub mod archive;
pub mod audit;
mod causes;
pub mod mail;
mod origin;
mod paging;
pub mod policy;
pub mod ports;
mod role;
mod secrets;
mod services;
mod session;
mod signing_key;
pub mod use_cases;
mod user;
mod values;

pub use causes::*;
pub use origin::*;
pub use paging::*;
pub use role::*;
pub use secrets::*;
pub use session::*;
pub use signing_key::*;
pub use user::*;
pub use values::*;
