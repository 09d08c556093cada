//! What several use cases share.

mod password_check;
mod token_issuer;

pub(crate) use password_check::PasswordCheck;
pub use password_check::PasswordCheckError;
pub(crate) use token_issuer::TokenIssuer;
pub use token_issuer::Tokens;
