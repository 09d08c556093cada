use std::sync::Arc;

use crate::audit::AuditKind;
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Origin;
use crate::ports::{
    Clock, DeliverySignal, Entropy, HasherOverloaded, PasswordChange, PasswordHasher, StorageError,
    UserRepository,
};
use crate::secrets::AttemptKeys;
use crate::services::{
    Auditor, Check, PasswordCheck, PasswordCheckError, PasswordRules, unless_overtaken_twice,
};
use crate::session::Principal;
use crate::values::{Client, Password, PasswordRefusal};

/// Replaces the password of a user who gives the old one.
pub struct ChangePassword {
    pub(super) password_rules: PasswordRules,
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) password_check: PasswordCheck,
    pub(super) attempts: AttemptKeys,
}

/// What somebody gives to change their password.
#[derive(Clone, Debug)]
pub struct ChangePasswordCommand {
    /// The password they have; none when what was sent is longer than any, which counts as wrong.
    pub current_password: Option<Password>,
    /// The password they want.
    pub new_password: Password,
    /// Where they are.
    pub client: Client,
}

/// Why the password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The policy refuses the new password.
    #[error("the password {0}")]
    PasswordRefused(#[from] PasswordRefusal),
    /// The password that was given did not show who they are.
    #[error(transparent)]
    Check(#[from] PasswordCheckError),
    /// The new password could not be hashed now.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ChangePassword {
    /// Changes the password of `principal`, whose other sessions end.
    ///
    /// # Errors
    ///
    /// See [`ChangePasswordError`].
    pub async fn change(
        &self,
        principal: &Principal,
        command: ChangePasswordCommand,
    ) -> Result<(), ChangePasswordError> {
        unless_overtaken_twice(async || self.attempt(principal, command.clone()).await).await
    }

    /// Changes nothing, and says so, when the account has another hash by the time that the password is checked.
    async fn attempt(
        &self,
        principal: &Principal,
        command: ChangePasswordCommand,
    ) -> Result<bool, ChangePasswordError> {
        let user = &principal.user;
        let now = self.clock.now();
        let new_password = self.password_rules.accept(command.new_password, &user.identity()).await??;
        let attempts = self.attempts.of_account(user.id);
        let origin = Origin::user(user.id, command.client);
        let check = Check {
            attempts,
            account: self.users.find_by_id(user.id).await?,
            password: command.current_password,
            purpose: AuditKind::PasswordChange,
            origin: &origin,
            now,
        };
        let verified_hash = self.password_check.check(check).await?;
        let new_hash = self.hasher.hash(new_password).await?;
        let notice = QueuedMail::new(
            MailKind::PasswordChanged,
            user.email.clone(),
            user.locale.clone(),
            now,
            self.entropy.as_ref(),
        );
        let event = self.auditor.event(AuditKind::PasswordChange, &origin, now).about(user.id);
        let change = PasswordChange {
            user: user.id,
            verified_hash,
            new_hash,
            kept_session: principal.session.id,
            notice,
            event: event.clone(),
        };
        if !self.users.change_password(change).await? {
            return Ok(false);
        }
        self.auditor.stored(&event);
        self.delivery.mail_queued();
        Ok(true)
    }
}
