//! What requests say. What may be left out has a default: name the rest, and end with `..`.

mod account;
mod change;
mod queries;
mod role;
mod user;

pub use account::{Credentials, Profile, ProfileChange, Registration};
pub use change::Change;
pub use queries::{AuditQuery, UserQuery};
pub use role::{RoleChange, RoleCreation};
pub use user::{UserChange, UserCreation};
