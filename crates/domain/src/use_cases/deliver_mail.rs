use std::sync::Arc;
use std::time::Duration;

use crate::mail::{ClaimedMail, MailContent, MailKind, OutgoingMail};
use crate::policy::Policy;
use crate::ports::{
    Clock, Entropy, MailQueue, Mailer, MailerError, StorageError, TokenRepository, UserRepository,
    VerificationSecrets,
};
use crate::secrets::{AttemptKeys, CodeDigests, OneTimeCode, TokenSecret};
use crate::user::{LoginIdentifier, User};
use crate::values::{EmailAddress, MailId, Timestamp};

/// Delivers queued mails, one at a call. Secrets are made here, at the last moment: the queue and the
/// use cases that fill it never see one.
pub struct DeliverMail {
    pub(super) mails: Arc<dyn MailQueue>,
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) codes: CodeDigests,
    pub(super) attempts: AttemptKeys,
    pub(super) policy: Arc<Policy>,
}

/// What one call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No mail was due.
    Idle,
    /// A mailer has taken the mail over.
    Delivered(MailId),
    /// The mail has nobody to go to: no account has the address, or what it was about is over.
    Dropped(MailId),
    /// It will be tried again, unless one like it waits by now, which stands for both.
    Deferred {
        /// Which mail.
        mail: MailId,
        /// When.
        due_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It will not be tried again unless an operator asks for it.
    Parked {
        /// Which mail.
        mail: MailId,
        /// Why.
        reason: String,
    },
}

impl DeliverMail {
    /// How long a claimed mail is nobody else's: longer than a mailer may take.
    pub const LEASE: Duration = Duration::from_mins(2);
    /// How long delivery is tried, since the mail was queued or sent again.
    pub const PATIENCE: Duration = Duration::from_hours(24);
    /// The longest wait between two attempts.
    pub const LONGEST_WAIT: Duration = Duration::from_mins(10);

    /// Claims the mail that is due and hands it to the mailer.
    ///
    /// At least once: when the store fails after the mailer took the mail over, it is delivered again,
    /// with a secret that ends the older one.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the mail, if one was claimed, is due again when its lease runs out.
    pub async fn deliver_next(&self) -> Result<Delivery, StorageError> {
        let now = self.clock.now();
        let Some(claim) = self.mails.claim(now, now + Self::LEASE).await? else {
            return Ok(Delivery::Idle);
        };
        let id = claim.mail.id;
        let Some(outgoing) = self.compose(&claim, now).await? else {
            self.mails.complete(&claim).await?;
            return Ok(Delivery::Dropped(id));
        };
        match self.mailer.send(&outgoing).await {
            Ok(()) => {
                self.mails.complete(&claim).await?;
                Ok(Delivery::Delivered(id))
            }
            Err(MailerError::Transient(reason)) => self.defer(&claim, reason).await,
            Err(MailerError::Permanent(reason)) => self.park(&claim, reason).await,
        }
    }

    /// The mail with its secret, which is stored as a digest first; none when it has nobody to go to.
    async fn compose(
        &self,
        claim: &ClaimedMail,
        now: Timestamp,
    ) -> Result<Option<OutgoingMail>, StorageError> {
        let mail = &claim.mail;
        let lifetimes = &self.policy.lifetimes;
        let outgoing = |to, locale, content| OutgoingMail { id: mail.id, to, locale, content };
        let to_owner = |user: User, content| outgoing(user.email, user.locale, content);
        let notice = |content| outgoing(mail.recipient.clone(), mail.locale.clone(), content);
        let token = TokenSecret::generate(self.entropy.as_ref());
        let digest = token.digest();
        Ok(match mail.kind {
            MailKind::VerifyEmail => {
                let code = OneTimeCode::generate(self.entropy.as_ref());
                let secrets = VerificationSecrets {
                    link: digest,
                    link_expires_at: now + lifetimes.verification_link,
                    code: self.codes.digest(&mail.recipient, &code),
                    code_expires_at: now + lifetimes.verification_code,
                    attempts: self.attempts.of_codes(&mail.recipient),
                };
                self.tokens.issue_verification(&mail.recipient, secrets).await?.map(|user| {
                    let content = MailContent::VerifyEmail {
                        token,
                        link_lifetime: lifetimes.verification_link,
                        code,
                        code_lifetime: lifetimes.verification_code,
                    };
                    to_owner(user, content)
                })
            }
            MailKind::ResetPassword => {
                let lifetime = self.lifetime_of_reset(&mail.recipient).await?;
                self.tokens
                    .issue_password_reset(&mail.recipient, digest, now + lifetime)
                    .await?
                    .map(|user| to_owner(user, MailContent::ResetPassword { token, lifetime }))
            }
            MailKind::Invitation => {
                let lifetime = lifetimes.invitation;
                self.tokens
                    .issue_password_reset(&mail.recipient, digest, now + lifetime)
                    .await?
                    .map(|user| to_owner(user, MailContent::Invitation { token, lifetime }))
            }
            MailKind::ConfirmEmailChange(user) => {
                let lifetime = lifetimes.verification_link;
                self.tokens
                    .issue_email_change(user, &mail.recipient, digest, now + lifetime)
                    .await?
                    .map(|_| notice(MailContent::ConfirmEmailChange { token, lifetime }))
            }
            MailKind::EmailChangeRequested => Some(notice(MailContent::EmailChangeRequested)),
            MailKind::EmailChanged => Some(notice(MailContent::EmailChanged)),
            MailKind::PasswordChanged => Some(notice(MailContent::PasswordChanged)),
            MailKind::AddressAlreadyRegistered => {
                let owner = LoginIdentifier::Email(mail.recipient.clone());
                self.users
                    .find_by_login(&owner)
                    .await?
                    .map(|account| to_owner(account.user, MailContent::AddressAlreadyRegistered))
            }
        })
    }

    /// Of who was invited and has no password yet, for as long as they were invited for: anybody can ask for a reset, and
    /// it ends the link of the invitation.
    async fn lifetime_of_reset(&self, address: &EmailAddress) -> Result<Duration, StorageError> {
        let lifetimes = &self.policy.lifetimes;
        let account = self.users.find_by_login(&LoginIdentifier::Email(address.clone())).await?;
        let has_none = account.is_some_and(|account| account.password_hash.is_none());
        Ok(if has_none {
            lifetimes.password_reset.max(lifetimes.invitation)
        } else {
            lifetimes.password_reset
        })
    }

    async fn defer(&self, claim: &ClaimedMail, reason: String) -> Result<Delivery, StorageError> {
        let now = self.clock.now();
        if now.since(claim.mail.queued_at) >= Self::PATIENCE {
            return self.park(claim, reason).await;
        }
        let due_at = now + self.wait_after(claim.attempt);
        self.mails.retry(claim, due_at, &reason).await?;
        Ok(Delivery::Deferred { mail: claim.mail.id, due_at, reason })
    }

    async fn park(&self, claim: &ClaimedMail, reason: String) -> Result<Delivery, StorageError> {
        self.mails.park(claim, &reason).await?;
        Ok(Delivery::Parked { mail: claim.mail.id, reason })
    }

    /// 1 s, 2 s, 4 s, … up to ten minutes, less up to a fifth, so that mails that failed together do
    /// not come back together.
    fn wait_after(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let wait = Duration::from_secs(1 << doublings).min(Self::LONGEST_WAIT);
        let mut jitter = [0];
        self.entropy.fill(&mut jitter);
        wait.saturating_sub(wait * u32::from(jitter[0]) / (5 * 255))
    }
}
