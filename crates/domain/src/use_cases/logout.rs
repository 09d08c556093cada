use super::{EndSession, EndSessionError};
use crate::ports::StorageError;
use crate::secrets::RefreshTokens;
use crate::session::Principal;
use crate::values::Client;

/// Ends one session of the caller: the one they call with, or the one of a refresh token.
pub struct Logout {
    pub(super) end_session: EndSession,
    pub(super) refresh_tokens: RefreshTokens,
}

/// Why no session was ended.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The refresh token is of no session of the caller.
    #[error("the refresh token is of no session of the caller")]
    InvalidRefreshToken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Logout {
    /// Ends the session of `refresh_token`, or the one that `principal` calls with, as they ask from `client`.
    ///
    /// # Errors
    ///
    /// See [`LogoutError`].
    pub async fn logout(
        &self,
        principal: &Principal,
        refresh_token: Option<&str>,
        client: Client,
    ) -> Result<(), LogoutError> {
        let session = match refresh_token {
            Some(text) => self.refresh_tokens.read(text).ok_or(LogoutError::InvalidRefreshToken)?.session,
            None => principal.session.id,
        };
        match self.end_session.end(principal.user.id, session, client).await {
            // A session of the caller's own that ended between the check and here is gone all the same.
            Err(EndSessionError::NotFound) if session == principal.session.id => Ok(()),
            ended => Ok(ended?),
        }
    }
}

impl From<EndSessionError> for LogoutError {
    fn from(error: EndSessionError) -> Self {
        match error {
            EndSessionError::NotFound => Self::InvalidRefreshToken,
            EndSessionError::Storage(error) => Self::Storage(error),
        }
    }
}
