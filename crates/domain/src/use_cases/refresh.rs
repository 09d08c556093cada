use std::sync::Arc;

use crate::audit::{AuditKind, FailureReason};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::ports::{Clock, Rotation, RotationOutcome, SessionRepository, StorageError};
use crate::secrets::{RefreshToken, RefreshTokens};
use crate::services::{Auditor, TokenIssuer, Tokens};
use crate::values::{Client, SessionId, UserId};

/// Exchanges a refresh token for the next pair of tokens (RFC 9700 §4.14.2).
pub struct Refresh {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) presented: RefreshTokens,
    pub(super) auditor: Auditor,
    pub(super) token_issuer: TokenIssuer,
    pub(super) policy: Arc<Policy>,
}

/// Why no tokens were given.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is no refresh token, or one of a session that has ended.
    #[error("the refresh token is not good")]
    Invalid,
    /// It was spent before. Either its owner or somebody else holds a copy: the session has been ended.
    #[error("the refresh token was used before")]
    Reused {
        /// Whose session it was.
        user: UserId,
        /// Which one.
        session: SessionId,
    },
    /// The store failed; the token is as good as before.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refresh {
    /// Spends `refresh_token`, sent by `client`. Within the grace of the policy a retry gets the same successor
    /// again.
    ///
    /// # Errors
    ///
    /// See [`RefreshError`].
    pub async fn refresh(&self, refresh_token: &str, client: Client) -> Result<Tokens, RefreshError> {
        let now = self.clock.now();
        let RefreshToken { session, generation } =
            self.presented.read(refresh_token).ok_or(RefreshError::Invalid)?;
        let lifetimes = &self.policy.lifetimes;
        let reuse = self
            .auditor
            .event(AuditKind::RefreshTokenReuse, &Origin::anyone(client), now)
            .failed(FailureReason::Spent)
            .with("session_id", session.to_string());
        let rotation = Rotation {
            session,
            generation,
            now,
            lifetime: lifetimes.session,
            grace: lifetimes.refresh_grace,
            reuse: reuse.clone(),
        };
        match self.sessions.rotate(rotation).await? {
            RotationOutcome::Current(principal) => Ok(self.token_issuer.issue(&principal, now).await?),
            RotationOutcome::Reused(user) => {
                self.auditor.stored(&reuse.about(user));
                Err(RefreshError::Reused { user, session })
            }
            RotationOutcome::Unknown => Err(RefreshError::Invalid),
        }
    }
}
