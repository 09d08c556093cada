use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, LinkRedemption, StorageError, TokenRepository, VerificationOutcome};
use crate::secrets::TokenSecret;
use crate::services::Auditor;
use crate::user::User;
use crate::values::Client;

/// Verifies an address by the link that was mailed to it.
pub struct VerifyEmail {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
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
    /// Verifies the address to which `token` was mailed, for who followed its link at `client`; says the
    /// same again while the link lives.
    ///
    /// # Errors
    ///
    /// See [`VerifyEmailError`].
    pub async fn verify(&self, token: &TokenSecret, client: Client) -> Result<User, VerifyEmailError> {
        let now = self.clock.now();
        let event = self.auditor.event(AuditKind::EmailVerification, &Origin::anyone(client), now);
        let redemption = LinkRedemption { digest: token.digest(), now, event: event.clone() };
        match self.tokens.redeem_verification_link(redemption).await? {
            VerificationOutcome::Verified(user) => {
                self.auditor.stored(&event.about(user.id));
                Ok(*user)
            }
            VerificationOutcome::VerifiedBefore(user) => Ok(*user),
            VerificationOutcome::Invalid => Err(VerifyEmailError::InvalidToken),
        }
    }
}
