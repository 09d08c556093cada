use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditEvent, AuditKind, FailureReason};
use crate::origin::Origin;
use crate::policy::{EmailVerification, Policy};
use crate::ports::{
    AuditTrail, Clock, Entropy, HasherOverloaded, LoginObserver, OpenOutcome, PasswordHasher, SessionOpening,
    SessionRepository, StorageError, UserRepository,
};
use crate::secrets::AttemptKeys;
use crate::services::{
    Auditor, Check, PasswordCheck, PasswordCheckError, RightPassword, TokenIssuer, Tokens,
};
use crate::session::Session;
use crate::user::{LoginIdentifier, User};
use crate::values::{AcceptedPassword, Client, EmailAddress, Password, PasswordHash, Username};

/// Opens a session for somebody who proves that an account is theirs.
pub struct Login {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) auditor: Auditor,
    pub(super) trail: Arc<dyn AuditTrail>,
    pub(super) password_check: PasswordCheck,
    pub(super) attempts: AttemptKeys,
    pub(super) token_issuer: TokenIssuer,
    pub(super) observer: Option<Arc<dyn LoginObserver>>,
    pub(super) policy: Arc<Policy>,
}

/// What somebody gives to sign in.
#[derive(Clone, Debug)]
pub struct LoginCommand {
    /// The account that they name.
    pub identifier: ClaimedIdentifier,
    /// The password; none when it is longer than any password, which counts as a wrong one.
    pub password: Option<Password>,
    /// Where they sign in from.
    pub client: Client,
}

/// What somebody says that their account is called. A malformed text names no account, and is answered
/// like any other that names none.
#[derive(Clone, Debug)]
pub enum ClaimedIdentifier {
    /// An address.
    Email(String),
    /// A username.
    Username(String),
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// What their client goes on with.
    pub tokens: Tokens,
}

/// What became of a right password.
enum Attempt {
    SignedIn(Box<SignedIn>),
    /// The account is no longer what it was when the password was checked.
    Overtaken(AuditEvent),
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no such account, or the password is not its.
    #[error("the credentials are wrong")]
    InvalidCredentials,
    /// The password is right, but the address has to be verified first.
    #[error("the e-mail address is not verified")]
    EmailNotVerified,
    /// The password is right, but the account may not be used.
    #[error("the account is disabled")]
    AccountDisabled,
    /// There were too many wrong passwords.
    #[error("locked after too many wrong passwords")]
    Locked {
        /// When it is over.
        retry_after: Duration,
    },
    /// The password could not be hashed now.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Login {
    /// Signs in whoever `command` proves to be.
    ///
    /// # Errors
    ///
    /// See [`LoginError`]. What is wrong with an account is told only to who knows its password.
    pub async fn login(&self, command: LoginCommand) -> Result<SignedIn, LoginError> {
        self.hasher.admits()?;
        // A login at the same time may have renewed the hash, which says nothing about the password.
        if let Attempt::SignedIn(signed_in) = self.attempt(command.clone()).await? {
            return Ok(*signed_in);
        }
        match self.attempt(command).await? {
            Attempt::SignedIn(signed_in) => Ok(*signed_in),
            Attempt::Overtaken(event) => {
                self.refuse(event, FailureReason::WrongPassword).await?;
                Err(LoginError::InvalidCredentials)
            }
        }
    }

    async fn attempt(&self, command: LoginCommand) -> Result<Attempt, LoginError> {
        let now = self.clock.now();
        let identifier = command.identifier.parse();
        let account = match &identifier {
            Some(identifier) => self.users.find_by_login(identifier).await?,
            None => None,
        };
        let attempts = match (&account, &identifier) {
            (Some(account), _) => self.attempts.of_account(account.user.id),
            (None, Some(identifier)) => self.attempts.of_unknown(identifier.canonical()),
            (None, None) => self.attempts.of_unknown(command.identifier.text()),
        };
        let origin = Origin::anyone(command.client.clone());
        let check = Check {
            attempts,
            account,
            password: command.password.clone(),
            purpose: AuditKind::Login,
            origin: &origin,
            now,
        };
        let right = self.password_check.verify(check).await?;
        let user = &right.user;
        let event = self.auditor.event(AuditKind::Login, &origin, now).about(user.id);
        if !user.is_active {
            self.password_check.report(&right).await?;
            self.refuse(event, FailureReason::AccountDisabled).await?;
            return Err(LoginError::AccountDisabled);
        }
        if !user.email_verified && self.policy.email_verification == EmailVerification::Required {
            self.password_check.report(&right).await?;
            self.refuse(event, FailureReason::EmailNotVerified).await?;
            return Err(LoginError::EmailNotVerified);
        }
        let renewed_hash = match command.password {
            // By the time of another hash it would be told that the password is right.
            Some(password) if right.hash_is_outdated => {
                self.password_check.report(&right).await?;
                self.renew_hash(password).await
            }
            _ => None,
        };
        let RightPassword { user, verified_hash, attempts, .. } = right;
        let session =
            Session::open(user.id, command.client, self.policy.lifetimes.session, now, self.entropy.as_ref());
        let opened = event.clone().with("session_id", session.id.to_string());
        let opening =
            SessionOpening { session, attempts, verified_hash, renewed_hash, event: opened.clone() };
        match self.sessions.open(opening).await? {
            OpenOutcome::Opened(principal) => {
                self.auditor.stored(&opened);
                let tokens = self.token_issuer.issue(&principal, now).await?;
                if let Some(observer) = &self.observer {
                    observer.signed_in(&principal).await;
                }
                Ok(Attempt::SignedIn(Box::new(SignedIn { user: principal.user, tokens })))
            }
            OpenOutcome::Locked { until } => Err(LoginError::Locked { retry_after: until.since(now) }),
            OpenOutcome::Refused => Ok(Attempt::Overtaken(event)),
        }
    }

    /// Notes why a right password opened nothing.
    async fn refuse(&self, event: AuditEvent, reason: FailureReason) -> Result<(), StorageError> {
        let event = event.failed(reason);
        self.trail.append(event.clone()).await?;
        self.auditor.stored(&event);
        Ok(())
    }

    /// A hash by today's settings. When the hasher is busy, the old one serves until the next login.
    async fn renew_hash(&self, password: Password) -> Option<PasswordHash> {
        self.hasher.hash(AcceptedPassword::kept_before(password)).await.ok()
    }
}

impl ClaimedIdentifier {
    fn parse(&self) -> Option<LoginIdentifier> {
        match self {
            Self::Email(text) => EmailAddress::parse(text).ok().map(LoginIdentifier::Email),
            Self::Username(text) => Username::parse(text).ok().map(LoginIdentifier::Username),
        }
    }

    fn text(&self) -> &str {
        let (Self::Email(text) | Self::Username(text)) = self;
        text
    }
}

impl From<PasswordCheckError> for LoginError {
    fn from(error: PasswordCheckError) -> Self {
        match error {
            PasswordCheckError::Wrong => Self::InvalidCredentials,
            PasswordCheckError::Locked { retry_after } => Self::Locked { retry_after },
            PasswordCheckError::Overloaded(error) => Self::Overloaded(error),
            PasswordCheckError::Storage(error) => Self::Storage(error),
        }
    }
}
