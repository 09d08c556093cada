//! What other interfaces on the same server are made of.
//!
//! They read input by the same rules, find out by the same rules where a request comes from, count calls in the
//! same groups, and meet the same problems; [`Api::with`](crate::Api::with) mounts them.

pub use crate::access::{Recognition, shared};
pub use crate::client::ClientOf;
pub use crate::dto::Moment;
pub use crate::fields::{Each, Fault, Fields, Flag, FromFields, Parse};
pub use crate::form::{Form, FormPairs};
pub use crate::head::is_head;
pub use crate::json::Json;
pub use crate::locale::{PreferredLocale, preferred};
pub use crate::path_id::PathId;
pub use crate::problem::{Code, FieldCode, FieldError, Problem};
pub use crate::query::Query;
pub use crate::rate_limit::{MailPace, RATE_LIMIT, RATE_LIMIT_POLICY};
pub use crate::routes::{Endpoint, UNLIMITED, at};
pub use crate::this_machine::names_this_machine;
pub use crate::url_encoded::pairs;

/// What reads one field.
pub mod fields {
    pub use crate::fields::{claimed_password, flag, moment, new_password, page_limit, role_name, verbatim};
}
