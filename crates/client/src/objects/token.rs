use serde::Deserialize;
use time::OffsetDateTime;
use time::serde::timestamp;
use uuid::Uuid;

use super::{SessionId, UserId};
use crate::open_enum::open_enum;

/// What a good token is good for (RFC 7662).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActiveToken {
    /// Which token it is. Only a [`Bearer`](TokenKind::Bearer) lets anybody call.
    pub token_type: TokenKind,
    /// Whose it is.
    pub sub: UserId,
    /// Of which session it is.
    pub sid: SessionId,
    /// Names the token; access tokens only.
    pub jti: Option<Uuid>,
    /// When it was issued.
    #[serde(with = "timestamp")]
    pub iat: OffsetDateTime,
    /// When it expires.
    #[serde(with = "timestamp")]
    pub exp: OffsetDateTime,
    /// The username, or the e-mail address of who has none.
    pub username: String,
    /// What the user may do at this moment: permissions, separated by spaces.
    pub scope: String,
    /// The names of the roles that they hold at this moment.
    pub roles: Vec<String>,
    /// Whether their address is verified.
    pub email_verified: bool,
}

open_enum! {
    /// Which token it is.
    TokenKind {
        /// An access token (RFC 6750), which lets its bearer call.
        Bearer = "bearer",
        /// A refresh token, which is good for nothing but the next pair of tokens.
        RefreshToken = "refresh_token",
    }
}
