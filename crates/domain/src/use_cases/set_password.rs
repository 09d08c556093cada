use std::sync::Arc;

use crate::audit::AuditKind;
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Actor;
use crate::ports::{
    Clock, DeliverySignal, Entropy, HasherOverloaded, PasswordHasher, PasswordSetting, SetPasswordOutcome,
    StorageError, UserAdministration, UserRepository,
};
use crate::secrets::AttemptKeys;
use crate::services::{Auditor, PasswordRules};
use crate::values::{Password, PasswordRefusal, UserId};

/// Gives somebody else's account another password, as operators do.
pub struct SetPassword {
    pub(super) password_rules: PasswordRules,
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) attempts: AttemptKeys,
}

/// Why the password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SetPasswordError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user has a permission that the caller lacks.
    #[error("the user has a permission that the caller lacks")]
    Forbidden,
    /// The policy refuses the password.
    #[error("the password {0}")]
    PasswordRefused(#[from] PasswordRefusal),
    /// The password could not be hashed now.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SetPassword {
    /// Sets the password of `user` for `actor`. Every session ends, the lockout is lifted, the owner is told.
    ///
    /// # Errors
    ///
    /// See [`SetPasswordError`].
    pub async fn set(&self, actor: &Actor, user: UserId, password: Password) -> Result<(), SetPasswordError> {
        let found = self.users.find_by_id(user).await?.ok_or(SetPasswordError::NotFound)?.user;
        let accepted = self.password_rules.accept(password, &found.identity()).await??;
        let new_hash = self.hasher.hash(accepted).await?;
        let now = self.clock.now();
        let notice =
            QueuedMail::new(MailKind::PasswordChanged, found.email, found.locale, now, self.entropy.as_ref());
        let event = self.auditor.event(AuditKind::PasswordSet, &actor.origin, now).about(user);
        let setting = PasswordSetting {
            user,
            authority: actor.authority.clone(),
            new_hash,
            attempts: self.attempts.of_account(user),
            notice,
            event: event.clone(),
        };
        match self.administration.set_password(setting).await? {
            SetPasswordOutcome::Set => {
                self.auditor.stored(&event);
                self.delivery.mail_queued();
                Ok(())
            }
            SetPasswordOutcome::NotFound => Err(SetPasswordError::NotFound),
            SetPasswordOutcome::Outranked => Err(SetPasswordError::Forbidden),
        }
    }
}
