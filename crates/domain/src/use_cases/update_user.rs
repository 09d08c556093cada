use std::sync::Arc;

use crate::audit::AuditKind;
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Actor;
use crate::ports::{
    Clock, DeliverySignal, Entropy, SeenUser, StorageError, UserAdministration, UserRepository, UserUpdate,
    UserUpdateOutcome,
};
use crate::services::Auditor;
use crate::user::{Account, ProfileChange, User};
use crate::values::{EmailAddress, UserId};

/// Changes somebody else's account, as administrators do.
pub struct UpdateUser {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
}

/// What shall be different.
#[derive(Clone, Debug, Default)]
pub struct UpdateUserCommand {
    /// Of what they are called.
    pub profile: ProfileChange,
    /// Their address: unverified if it is another one than before, which both addresses are told.
    pub email: Option<EmailAddress>,
    /// Whether they may use their account; `false` ends every session.
    pub is_active: Option<bool>,
}

/// Why the account stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum UpdateUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user has a permission that the caller lacks.
    #[error("the user has a permission that the caller lacks")]
    Forbidden,
    /// Nobody else is an active administrator.
    #[error("nobody else is an active administrator")]
    LastAdmin,
    /// Another account has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another account has the username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl UpdateUser {
    /// Changes the account of `user` for `actor`, and returns them as they are then.
    ///
    /// When the account becomes active or has another address, who has no password yet is mailed an invitation, and
    /// anybody else whose address is unverified then a mail that verifies it.
    ///
    /// # Errors
    ///
    /// See [`UpdateUserError`]; nothing is changed then.
    pub async fn update(
        &self,
        actor: &Actor,
        user: UserId,
        command: UpdateUserCommand,
    ) -> Result<User, UpdateUserError> {
        const ATTEMPTS: usize = 4;
        for _ in 0..ATTEMPTS {
            if let Some(updated) = self.attempt(actor, user, command.clone()).await? {
                return Ok(updated);
            }
        }
        Err(StorageError::unavailable("others change the account again and again").into())
    }

    /// None when somebody else changed the account meanwhile, and the mails would go to the wrong addresses.
    async fn attempt(
        &self,
        actor: &Actor,
        user: UserId,
        command: UpdateUserCommand,
    ) -> Result<Option<User>, UpdateUserError> {
        let account = self.users.find_by_id(user).await?.ok_or(UpdateUserError::NotFound)?;
        let Account { user: found, password_hash } = account;
        if command.is_empty() {
            return Ok(Some(found));
        }
        let now = self.clock.now();
        let mail = |kind, recipient: &EmailAddress| {
            QueuedMail::new(kind, recipient.clone(), found.locale.clone(), now, self.entropy.as_ref())
        };
        let address = command.email.as_ref().unwrap_or(&found.email);
        let has_new_address = *address != found.email;
        let becomes_active = command.is_active == Some(true) && !found.is_active;
        let link = match password_hash {
            // What was mailed to the old address ends with it, and an inactive account is mailed nothing.
            None => (has_new_address || becomes_active).then_some(MailKind::Invitation),
            Some(_) => (has_new_address || (becomes_active && !found.email_verified))
                .then_some(MailKind::VerifyEmail),
        };
        let notice = has_new_address.then(|| mail(MailKind::EmailChanged, &found.email));
        let mails: Vec<_> = link.map(|kind| mail(kind, address)).into_iter().chain(notice).collect();
        let is_mailed = !mails.is_empty();
        let event = self
            .auditor
            .event(AuditKind::UserUpdate, &actor.origin, now)
            .about(user)
            .with("fields", command.fields().join(","));
        let event = match command.is_active {
            Some(is_active) => event.with("is_active", is_active.to_string()),
            None => event,
        };
        let UpdateUserCommand { profile, email, is_active } = command;
        let update = UserUpdate {
            user,
            authority: actor.authority.clone(),
            profile,
            email,
            verifies_email: false,
            is_active,
            now,
            mails,
            seen: Some(SeenUser { email: found.email, is_active: found.is_active }),
            event: event.clone(),
        };
        match self.administration.update(update).await? {
            UserUpdateOutcome::Updated(user) => {
                self.auditor.stored(&event);
                if is_mailed {
                    self.delivery.mail_queued();
                }
                Ok(Some(*user))
            }
            UserUpdateOutcome::NotFound => Err(UpdateUserError::NotFound),
            UserUpdateOutcome::Outranked => Err(UpdateUserError::Forbidden),
            UserUpdateOutcome::LastAdmin => Err(UpdateUserError::LastAdmin),
            UserUpdateOutcome::EmailTaken => Err(UpdateUserError::EmailTaken),
            UserUpdateOutcome::UsernameTaken => Err(UpdateUserError::UsernameTaken),
            UserUpdateOutcome::Overtaken => Ok(None),
        }
    }
}

impl UpdateUserCommand {
    fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    fn fields(&self) -> Vec<&'static str> {
        let mut fields = self.profile.fields();
        fields.extend(self.email.is_some().then_some("email"));
        fields.extend(self.is_active.is_some().then_some("is_active"));
        fields
    }
}
