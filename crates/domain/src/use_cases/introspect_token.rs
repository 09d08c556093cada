use std::sync::Arc;

use crate::ports::{AccessTokenError, AccessTokens, Clock, SessionRepository, StorageError};
use crate::secrets::RefreshTokens;
use crate::session::Principal;
use crate::values::{AccessTokenId, Timestamp};

/// Tells other services whether a token is good at this moment, and whose it is (RFC 7662).
pub struct IntrospectToken {
    pub(super) access_tokens: Arc<dyn AccessTokens>,
    pub(super) refresh_tokens: RefreshTokens,
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// A token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// Which one.
    pub kind: TokenKind,
    /// For whom it acts, with what they may do at this moment.
    pub principal: Principal,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires unless its session ends before.
    pub expires_at: Timestamp,
}

/// Which token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An access token.
    Access {
        /// Its `jti`.
        token_id: AccessTokenId,
    },
    /// A refresh token that is not spent.
    Refresh,
}

impl IntrospectToken {
    /// What `token` is good for; none when it is good for nothing. A refresh token is not spent by it.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn introspect(&self, token: &str) -> Result<Option<ActiveToken>, StorageError> {
        let now = self.clock.now();
        if let Some(refresh_token) = self.refresh_tokens.read(token) {
            let principal = self.sessions.principal(refresh_token.session, now).await?;
            let current = principal.filter(|held| held.session.generation == refresh_token.generation);
            return Ok(current.map(|principal| ActiveToken {
                kind: TokenKind::Refresh,
                issued_at: principal.session.last_used_at,
                expires_at: principal.session.expires_at,
                principal,
            }));
        }
        let verified = match self.access_tokens.verify(token, now).await {
            Ok(verified) => verified,
            Err(AccessTokenError::Invalid) => return Ok(None),
            Err(AccessTokenError::Storage(error)) => return Err(error),
        };
        let principal = self.sessions.principal(verified.session_id, now).await?;
        let owned = principal.filter(|principal| principal.user.id == verified.user_id);
        Ok(owned.map(|principal| ActiveToken {
            kind: TokenKind::Access { token_id: verified.token_id },
            principal,
            issued_at: verified.issued_at,
            expires_at: verified.expires_at,
        }))
    }
}
