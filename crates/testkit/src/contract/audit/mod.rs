//! Cases of [`AuditTrail`](portcullis_domain::ports::AuditTrail).

mod atomicity;
mod events;

pub use atomicity::*;
pub use events::*;
