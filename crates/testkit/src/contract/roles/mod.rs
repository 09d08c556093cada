//! Cases of [`RoleRepository`](portcullis_domain::ports::RoleRepository).

mod definitions;
mod holders;
mod steps;
mod trail;

pub use definitions::*;
pub use holders::*;
pub use trail::*;
