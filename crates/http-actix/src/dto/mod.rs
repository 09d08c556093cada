//! What answers say, as JSON. What requests say stands beside the handlers that take it.

mod audit_event;
mod message;
mod moment;
mod permission;
mod role;
mod session;
mod tokens;
mod user;

pub(crate) use audit_event::{AuditEventsDto, AuditKindSchema};
pub(crate) use message::MessageDto;
pub use moment::Moment;
pub(crate) use permission::PermissionsDto;
pub(crate) use role::{RoleDto, RolesDto};
pub(crate) use session::SessionsDto;
pub(crate) use tokens::{OptionalTokens, TokensDto};
pub(crate) use user::{UserDto, UsersDto};
