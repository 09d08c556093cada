//! What administrators call, by what it is about.

mod roles;
mod users;

pub use roles::Roles;
pub use users::Users;
