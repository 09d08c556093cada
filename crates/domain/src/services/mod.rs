//! What several use cases share.

mod auditor;
mod password_check;
mod password_rules;
mod token_issuer;

pub(crate) use auditor::Auditor;
pub use password_check::PasswordCheckError;
pub(crate) use password_check::{Check, PasswordCheck, RightPassword, unless_overtaken_twice};
pub(crate) use password_rules::PasswordRules;
pub(crate) use token_issuer::TokenIssuer;
pub use token_issuer::Tokens;
