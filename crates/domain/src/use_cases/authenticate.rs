use std::sync::Arc;

use crate::ports::{AccessTokenError, AccessTokens, Clock, SessionRepository, StorageError};
use crate::session::Principal;

/// Finds out who is calling.
pub struct Authenticate {
    pub(super) access_tokens: Arc<dyn AccessTokens>,
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why it is not known who is calling.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The access token is not good, or its session has ended.
    #[error("the access token is not good")]
    InvalidAccessToken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Authenticate {
    /// The principal behind `access_token`, with what they may do at this moment.
    ///
    /// # Errors
    ///
    /// See [`AuthenticateError`].
    pub async fn authenticate(&self, access_token: &str) -> Result<Principal, AuthenticateError> {
        let now = self.clock.now();
        let token = self.access_tokens.verify(access_token, now).await?;
        self.sessions
            .principal(token.session_id, now)
            .await?
            .filter(|principal| principal.user.id == token.user_id)
            .ok_or(AuthenticateError::InvalidAccessToken)
    }
}

impl From<AccessTokenError> for AuthenticateError {
    fn from(error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Invalid => Self::InvalidAccessToken,
            AccessTokenError::Storage(error) => Self::Storage(error),
        }
    }
}
