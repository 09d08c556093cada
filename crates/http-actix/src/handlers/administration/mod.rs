//! Administration: what is done to the accounts of others, to roles, and what the audit trail tells.
//!
//! Who may call stands in the table of routes. What a caller may do beyond that depends on what they and the
//! user or role concerned hold, which the use cases see to.

pub(crate) mod audit_events;
pub(crate) mod permissions;
pub(crate) mod roles;
pub(crate) mod user_roles;
pub(crate) mod user_sessions;
pub(crate) mod users;
