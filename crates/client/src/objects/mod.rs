//! What answers say.

mod audit_event;
mod health;
mod ids;
mod page;
mod role;
mod session;
mod token;
mod user;

pub use audit_event::{AuditEvent, AuditKind, AuditOutcome};
pub use health::Health;
pub use ids::{RoleId, SessionId, UserId};
pub use page::Page;
pub use role::{Permission, Role};
pub use session::Session;
pub use token::{ActiveToken, TokenKind};
pub use user::User;
