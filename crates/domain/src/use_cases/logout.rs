use std::sync::Arc;

use crate::ports::{Clock, SessionRepository, StorageError};
use crate::secrets::RefreshTokens;
use crate::session::Principal;

/// Ends one session of the caller: the one they call with, or the one of a refresh token.
pub struct Logout {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) clock: Arc<dyn Clock>,
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
    /// Ends the session of `refresh_token`, or the one that `principal` calls with.
    ///
    /// # Errors
    ///
    /// See [`LogoutError`].
    pub async fn logout(
        &self,
        principal: &Principal,
        refresh_token: Option<&str>,
    ) -> Result<(), LogoutError> {
        let session = match refresh_token {
            Some(text) => self.refresh_tokens.read(text).ok_or(LogoutError::InvalidRefreshToken)?.session,
            None => principal.session.id,
        };
        let ended = self.sessions.end(principal.user.id, session, self.clock.now()).await?;
        // A session of the caller's own that ended between the check and here is gone all the same.
        if ended || session == principal.session.id { Ok(()) } else { Err(LogoutError::InvalidRefreshToken) }
    }
}
