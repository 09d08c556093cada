//! What answers say, as JSON. What requests say stands beside the handlers that take it.

mod message;
mod moment;
mod session;
mod tokens;
mod user;

pub(crate) use message::MessageDto;
pub(crate) use moment::Moment;
pub(crate) use session::SessionsDto;
pub(crate) use tokens::{OptionalTokens, TokensDto};
pub(crate) use user::UserDto;
