use std::sync::Arc;

use crate::ports::{Clock, EmailChangeOutcome, StorageError, TokenRepository};
use crate::secrets::TokenSecret;
use crate::user::User;

/// Moves an account to a new address, for who holds the link mailed there.
pub struct ConfirmEmailChange {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why the account keeps its address.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmEmailChangeError {
    /// The link is none, is spent, has expired, or was ended by a newer one.
    #[error("the link is not good")]
    InvalidToken,
    /// Another account has the address by now.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The store failed; the link is as good as before.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ConfirmEmailChange {
    /// Changes the address. Every session ends but the one that asked.
    ///
    /// # Errors
    ///
    /// See [`ConfirmEmailChangeError`].
    pub async fn confirm(&self, token: &TokenSecret) -> Result<User, ConfirmEmailChangeError> {
        match self.tokens.redeem_email_change(token.digest(), self.clock.now()).await? {
            EmailChangeOutcome::Changed(user) => Ok(*user),
            EmailChangeOutcome::Invalid => Err(ConfirmEmailChangeError::InvalidToken),
            EmailChangeOutcome::EmailTaken => Err(ConfirmEmailChangeError::EmailTaken),
        }
    }
}
