use std::sync::Arc;

use crate::audit::{AuditKind, FailureReason};
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Origin;
use crate::policy::{Policy, Registration};
use crate::ports::{
    Clock, DeliverySignal, EmailChangeRefusal, EmailChangeRequest, EmailChangeRequestOutcome, Entropy,
    StorageError, TokenRepository, UserRepository,
};
use crate::secrets::AttemptKeys;
use crate::services::{Auditor, Check, PasswordCheck, PasswordCheckError, unless_overtaken_twice};
use crate::session::Principal;
use crate::values::{Client, EmailAddress, Password};

/// Asks the owner of a new address whether an account may move to it.
pub struct RequestEmailChange {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) password_check: PasswordCheck,
    pub(super) attempts: AttemptKeys,
    pub(super) policy: Arc<Policy>,
}

/// What somebody gives to change their address.
#[derive(Clone, Debug)]
pub struct RequestEmailChangeCommand {
    /// The address they want.
    pub new_email: EmailAddress,
    /// Their password; none when what was sent is longer than any, which counts as wrong.
    pub password: Option<Password>,
    /// Where they are.
    pub client: Client,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum RequestEmailChangeError {
    /// The password that was given did not show who they are.
    #[error(transparent)]
    Check(#[from] PasswordCheckError),
    /// Another account has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RequestEmailChange {
    /// Mails a link to the new address and a notice to the old one. Where registration is private, a
    /// taken address is told to its owner instead, and the caller sees no difference.
    ///
    /// # Errors
    ///
    /// See [`RequestEmailChangeError`].
    pub async fn request(
        &self,
        principal: &Principal,
        command: RequestEmailChangeCommand,
    ) -> Result<(), RequestEmailChangeError> {
        unless_overtaken_twice(async || self.attempt(principal, command.clone()).await).await
    }

    /// Stores nothing, and says so, when the account has another hash by the time that the password is checked.
    async fn attempt(
        &self,
        principal: &Principal,
        command: RequestEmailChangeCommand,
    ) -> Result<bool, RequestEmailChangeError> {
        let user = &principal.user;
        let now = self.clock.now();
        let origin = Origin::user(user.id, command.client);
        let check = Check {
            attempts: self.attempts.of_account(user.id),
            account: self.users.find_by_id(user.id).await?,
            password: command.password,
            purpose: AuditKind::EmailChangeRequest,
            origin: &origin,
            now,
        };
        let verified_hash = self.password_check.check(check).await?;
        let event = self.auditor.event(AuditKind::EmailChangeRequest, &origin, now).about(user.id);
        let mail = |kind, recipient: &EmailAddress| {
            QueuedMail::new(kind, recipient.clone(), user.locale.clone(), now, self.entropy.as_ref())
        };
        let notice_to_old = mail(MailKind::EmailChangeRequested, &user.email);
        let refusal = event.clone().failed(FailureReason::EmailTaken);
        let if_taken = (self.policy.registration == Registration::Private).then(|| EmailChangeRefusal {
            mails: vec![mail(MailKind::AddressAlreadyRegistered, &command.new_email), notice_to_old.clone()],
            event: refusal.clone(),
        });
        let request = EmailChangeRequest {
            user: user.id,
            session: principal.session.id,
            mails: vec![mail(MailKind::ConfirmEmailChange(user.id), &command.new_email), notice_to_old],
            new_address: command.new_email,
            verified_hash,
            event: event.clone(),
            if_taken,
        };
        let stored = match self.tokens.request_email_change(request).await? {
            EmailChangeRequestOutcome::Requested => event,
            EmailChangeRequestOutcome::OwnerTold => refusal,
            EmailChangeRequestOutcome::EmailTaken => return Err(RequestEmailChangeError::EmailTaken),
            EmailChangeRequestOutcome::Refused => return Ok(false),
        };
        self.auditor.stored(&stored);
        self.delivery.mail_queued();
        Ok(true)
    }
}
