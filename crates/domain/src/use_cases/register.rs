use std::sync::Arc;

use crate::audit::{AuditKind, FailureReason};
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Origin;
use crate::policy::{EmailVerification, Policy, Registration};
use crate::ports::{
    Applicant, Clock, DeliverySignal, Entropy, HasherOverloaded, LoginObserver, NewAccount, PasswordHasher,
    PrivateRegistration, PrivateRegistrationOutcome, RegisterOutcome, RegistrationGate, RegistrationRefusal,
    StorageError, UserRepository,
};
use crate::services::{Auditor, PasswordRules, TokenIssuer, Tokens};
use crate::session::Session;
use crate::user::{ProfileNames, User};
use crate::values::{Client, EmailAddress, Locale, Password, PasswordRefusal, Timestamp, Username};

/// Makes an account for somebody who asks for one.
pub struct Register {
    pub(super) gate: Option<Arc<dyn RegistrationGate>>,
    pub(super) password_rules: PasswordRules,
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) token_issuer: TokenIssuer,
    pub(super) observer: Option<Arc<dyn LoginObserver>>,
    pub(super) policy: Arc<Policy>,
}

/// What somebody gives to register.
#[derive(Clone, Debug)]
pub struct RegisterCommand {
    /// Their address.
    pub email: EmailAddress,
    /// The password they want.
    pub password: Password,
    /// The username they want.
    pub username: Option<Username>,
    /// What they are called.
    pub profile: ProfileNames,
    /// The language they read; that of the installation if they ask for none.
    pub locale: Option<Locale>,
    /// Where they register from.
    pub client: Client,
}

/// What a registration came to.
#[derive(Debug)]
pub enum Registered {
    /// The account is there, and a verification mail on its way.
    Created {
        /// The new user.
        user: Box<User>,
        /// Of their first session, where addresses need not be verified before a login.
        tokens: Option<Tokens>,
    },
    /// Whoever reads mails to the address hears more; told alike for a free and a taken one.
    Pending,
}

/// Why nobody was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Only administrators make accounts here.
    #[error("registration is closed")]
    Closed,
    /// The application around does not want them; one sentence for them says why.
    #[error("refused: {0}")]
    Refused(String),
    /// The policy refuses the password.
    #[error("the password {0}")]
    PasswordRefused(#[from] PasswordRefusal),
    /// Another account has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another account has the username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The password could not be hashed now.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Register {
    /// Whether the answer keeps to itself who has an account. Each registration then makes a mail, and ends what
    /// the one before it of an unverified address has set: interfaces SHOULD hold back those that come in numbers.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.policy.registration == Registration::Private
    }

    /// Registers whoever `command` describes.
    ///
    /// # Errors
    ///
    /// See [`RegisterError`]; nothing is stored then.
    pub async fn register(&self, command: RegisterCommand) -> Result<Registered, RegisterError> {
        if self.policy.registration == Registration::Closed {
            return Err(RegisterError::Closed);
        }
        if let Some(gate) = &self.gate {
            gate.admit(&command.applicant()).await?;
        }
        let now = self.clock.now();
        let locale = command.locale.unwrap_or_else(|| self.policy.locale.clone());
        let user = User {
            username: command.username,
            profile: command.profile,
            ..User::new(command.email, locale, now, self.entropy.as_ref())
        };
        let password = self.password_rules.accept(command.password, &user.identity()).await??;
        let password_hash = self.hasher.hash(password).await?;
        let mail =
            |kind| QueuedMail::new(kind, user.email.clone(), user.locale.clone(), now, self.entropy.as_ref());
        let origin = Origin::anyone(command.client.clone());
        let event = self.auditor.event(AuditKind::Registration, &origin, now);
        let session = (self.policy.email_verification == EmailVerification::Optional).then(|| {
            Session::open(user.id, command.client, self.policy.lifetimes.session, now, self.entropy.as_ref())
        });
        let account = NewAccount {
            user: user.clone(),
            password_hash: Some(password_hash),
            session,
            mail: Some(mail(MailKind::VerifyEmail)),
            event: event.about(user.id),
        };
        if self.is_private() {
            let refusal = self.auditor.event(AuditKind::Registration, &origin, now);
            self.register_privately(PrivateRegistration {
                account,
                notice_to_owner: mail(MailKind::AddressAlreadyRegistered),
                way_in_for_owner: mail(MailKind::ResetPassword),
                refusal: refusal.failed(FailureReason::EmailTaken),
            })
            .await
        } else {
            self.register_openly(account, now).await
        }
    }

    async fn register_openly(
        &self,
        account: NewAccount,
        now: Timestamp,
    ) -> Result<Registered, RegisterError> {
        let (user, event) = (account.user.clone(), account.event.clone());
        let principal = match self.users.register(account).await? {
            RegisterOutcome::Registered(principal) => principal,
            RegisterOutcome::EmailTaken => return Err(RegisterError::EmailTaken),
            RegisterOutcome::UsernameTaken => return Err(RegisterError::UsernameTaken),
            RegisterOutcome::UnknownRole => {
                return Err(StorageError::broken("a built-in role is not in the store").into());
            }
        };
        self.auditor.stored(&event);
        self.delivery.mail_queued();
        let Some(principal) = principal else {
            return Ok(Registered::Created { user: Box::new(user), tokens: None });
        };
        let tokens = self.token_issuer.issue(&principal, now).await?;
        if let Some(observer) = &self.observer {
            observer.signed_in(&principal).await;
        }
        Ok(Registered::Created { user: Box::new(principal.user), tokens: Some(tokens) })
    }

    async fn register_privately(
        &self,
        registration: PrivateRegistration,
    ) -> Result<Registered, RegisterError> {
        let PrivateRegistration { account: NewAccount { event, .. }, refusal, .. } = registration.clone();
        let event = match self.users.register_privately(registration).await? {
            PrivateRegistrationOutcome::Registered => event,
            PrivateRegistrationOutcome::ClaimEnded(owner) | PrivateRegistrationOutcome::OwnerTold(owner) => {
                refusal.about(owner)
            }
            PrivateRegistrationOutcome::UsernameTaken => return Err(RegisterError::UsernameTaken),
        };
        self.auditor.stored(&event);
        self.delivery.mail_queued();
        Ok(Registered::Pending)
    }
}

impl RegisterCommand {
    /// Who asks, without the password.
    fn applicant(&self) -> Applicant {
        Applicant {
            email: self.email.clone(),
            username: self.username.clone(),
            profile: self.profile.clone(),
            locale: self.locale.clone(),
            client: self.client.clone(),
        }
    }
}

impl From<RegistrationRefusal> for RegisterError {
    fn from(refusal: RegistrationRefusal) -> Self {
        match refusal {
            RegistrationRefusal::Refused(reason) => Self::Refused(reason),
            RegistrationRefusal::Storage(error) => Self::Storage(error),
        }
    }
}
