//! Cases of [`TokenRepository`](portcullis_domain::ports::TokenRepository).

mod email_changes;
mod every_kind;
mod password_resets;
pub(super) mod steps;
mod trail;
mod verification;

pub use email_changes::*;
pub use every_kind::*;
pub use password_resets::*;
pub use trail::*;
pub use verification::*;
