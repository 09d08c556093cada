use std::sync::Arc;

use crate::ports::{Clock, StorageError, TokenRepository};
use crate::secrets::TokenSecret;
use crate::user::User;

/// Verifies an address by the link that was mailed to it.
pub struct VerifyEmail {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyEmailError {
    /// The link is none, has expired, or was ended by a newer one.
    #[error("the verification link is not good")]
    InvalidToken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl VerifyEmail {
    /// Verifies the address to which `token` was mailed; says the same again while the link lives.
    ///
    /// # Errors
    ///
    /// See [`VerifyEmailError`].
    pub async fn verify(&self, token: &TokenSecret) -> Result<User, VerifyEmailError> {
        self.tokens
            .redeem_verification_link(token.digest(), self.clock.now())
            .await?
            .ok_or(VerifyEmailError::InvalidToken)
    }
}
