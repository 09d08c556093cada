//! Cases of [`UserRepository`](portcullis_domain::ports::UserRepository).

mod accounts;
mod deletion;
mod password_change;
mod private_registration;
mod profile;
mod registration;
mod trail;

pub use accounts::*;
pub use deletion::*;
pub use password_change::*;
pub use private_registration::*;
pub use profile::*;
pub use registration::*;
pub use trail::*;
