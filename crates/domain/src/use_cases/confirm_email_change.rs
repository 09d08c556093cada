use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, EmailChangeOutcome, LinkRedemption, StorageError, TokenRepository};
use crate::secrets::TokenSecret;
use crate::services::Auditor;
use crate::user::User;
use crate::values::Client;

/// Moves an account to a new address, for who holds the link mailed there.
pub struct ConfirmEmailChange {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
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
    /// Changes the address, for who followed the link at `client`. Every session ends but the one that asked.
    ///
    /// # Errors
    ///
    /// See [`ConfirmEmailChangeError`].
    pub async fn confirm(
        &self,
        token: &TokenSecret,
        client: Client,
    ) -> Result<User, ConfirmEmailChangeError> {
        let now = self.clock.now();
        let event = self.auditor.event(AuditKind::EmailChange, &Origin::anyone(client), now);
        let redemption = LinkRedemption { digest: token.digest(), now, event: event.clone() };
        match self.tokens.redeem_email_change(redemption).await? {
            EmailChangeOutcome::Changed(user) => {
                self.auditor.stored(&event.about(user.id));
                Ok(*user)
            }
            EmailChangeOutcome::Invalid => Err(ConfirmEmailChangeError::InvalidToken),
            EmailChangeOutcome::EmailTaken => Err(ConfirmEmailChangeError::EmailTaken),
        }
    }
}
