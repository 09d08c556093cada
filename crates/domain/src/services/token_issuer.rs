use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::ports::{
    AccessClaims, AccessToken, AccessTokens, AddedClaims, ClaimSource, Entropy, StorageError,
};
use crate::secrets::{RefreshToken, RefreshTokens};
use crate::session::Principal;
use crate::values::{AccessTokenId, Timestamp};

/// What a client gets to act for a session.
pub struct Tokens {
    /// Sent with each call.
    pub access_token: AccessToken,
    /// Exchanged for the next pair, once.
    pub refresh_token: Zeroizing<String>,
    /// How long the access token lives.
    pub expires_in: Duration,
    /// How long the refresh token lives.
    pub refresh_expires_in: Duration,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("access_token", &"[redacted]")
            .field("refresh_token", &"[redacted]")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .finish()
    }
}

/// Writes the tokens of a session as it stands.
#[derive(Clone)]
pub(crate) struct TokenIssuer {
    pub(crate) access_tokens: Arc<dyn AccessTokens>,
    pub(crate) claims: Option<Arc<dyn ClaimSource>>,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) access_lifetime: Duration,
}

impl TokenIssuer {
    /// A new access token, and the refresh token of the session's current generation.
    pub(crate) async fn issue(&self, principal: &Principal, now: Timestamp) -> Result<Tokens, StorageError> {
        let added = match &self.claims {
            Some(claims) => claims.claims_of(principal).await?,
            None => AddedClaims::new(),
        };
        let Principal { user, session, permissions } = principal;
        let expires_at = (now + self.access_lifetime).min(session.ends_at);
        let access_token = self
            .access_tokens
            .issue(&AccessClaims {
                user_id: user.id,
                session_id: session.id,
                token_id: AccessTokenId::generate(now, self.entropy.as_ref()),
                issued_at: now,
                expires_at,
                roles: user.roles.clone(),
                permissions: permissions.iter().cloned().collect(),
                email_verified: user.email_verified,
                added,
            })
            .await?;
        let refresh_token =
            self.refresh_tokens.write(RefreshToken { session: session.id, generation: session.generation });
        Ok(Tokens {
            access_token,
            refresh_token,
            expires_in: expires_at.since(now),
            refresh_expires_in: session.expires_at.since(now),
        })
    }
}
