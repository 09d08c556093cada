use std::sync::Arc;

use crate::audit::AuditKind;
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Origin;
use crate::ports::{
    Clock, DeliverySignal, Entropy, HasherOverloaded, PasswordHasher, PasswordReset, StorageError,
    TokenRepository,
};
use crate::secrets::{AttemptKeys, TokenSecret};
use crate::services::{Auditor, PasswordRules};
use crate::values::{Client, Password, PasswordRefusal};

/// Sets a new password for who holds a mailed reset link.
pub struct ResetPassword {
    pub(super) password_rules: PasswordRules,
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) attempts: AttemptKeys,
}

/// What somebody gives to reset a password.
#[derive(Clone, Debug)]
pub struct ResetPasswordCommand {
    /// Of the link; none when what was sent can be none.
    pub token: Option<TokenSecret>,
    /// The password they want.
    pub new_password: Password,
    /// Where they are.
    pub client: Client,
}

/// Why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// The link is none, is spent, has expired, or was ended by a newer one.
    #[error("the reset link is not good")]
    InvalidToken,
    /// The policy refuses the password; the link is as good as before.
    #[error("the password {0}")]
    PasswordRefused(#[from] PasswordRefusal),
    /// The password could not be hashed now; the link is as good as before.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The store failed; the link is as good as before.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ResetPassword {
    /// Sets the password. Every session ends, the lockout is lifted, the address counts as verified.
    ///
    /// # Errors
    ///
    /// See [`ResetPasswordError`].
    pub async fn reset(&self, command: ResetPasswordCommand) -> Result<(), ResetPasswordError> {
        let now = self.clock.now();
        let digest = command.token.ok_or(ResetPasswordError::InvalidToken)?.digest();
        let user =
            self.tokens.find_password_reset(digest, now).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let password = self.password_rules.accept(command.new_password, &user.identity()).await??;
        let new_hash = self.hasher.hash(password).await?;
        let notice =
            QueuedMail::new(MailKind::PasswordChanged, user.email, user.locale, now, self.entropy.as_ref());
        let attempts = self.attempts.of_account(user.id);
        let event =
            self.auditor.event(AuditKind::PasswordReset, &Origin::anyone(command.client), now).about(user.id);
        let reset = PasswordReset { digest, now, new_hash, attempts, notice, event: event.clone() };
        if !self.tokens.redeem_password_reset(reset).await? {
            return Err(ResetPasswordError::InvalidToken);
        }
        self.auditor.stored(&event);
        self.delivery.mail_queued();
        Ok(())
    }
}
