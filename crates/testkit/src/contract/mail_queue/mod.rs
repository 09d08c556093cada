//! Cases of [`MailQueue`](portcullis_domain::ports::MailQueue).

mod claims;
mod operators;
mod queueing;
mod steps;

pub use claims::*;
pub use operators::*;
pub use queueing::*;
