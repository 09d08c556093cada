use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::AuditKind;
use crate::mail::{MailKind, QueuedMail};
use crate::origin::Actor;
use crate::policy::Policy;
use crate::ports::{
    Clock, DeliverySignal, Entropy, HasherOverloaded, NewAccount, PasswordHasher, RegisterOutcome,
    RoleRepository, StorageError, UserRepository,
};
use crate::role::Role;
use crate::services::{Auditor, PasswordRules};
use crate::user::{ProfileNames, User};
use crate::values::{EmailAddress, Locale, OwnPermission, Password, PasswordRefusal, RoleName, Username};

/// Makes an account for somebody else, as administrators do.
pub struct CreateUser {
    pub(super) password_rules: PasswordRules,
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
    pub(super) policy: Arc<Policy>,
}

/// The account to be made.
#[derive(Clone, Debug)]
pub struct CreateUserCommand {
    /// Its address.
    pub email: EmailAddress,
    /// Its password; none when its owner is invited to set one.
    pub password: Option<Password>,
    /// Its username.
    pub username: Option<Username>,
    /// What its owner is called.
    pub profile: ProfileNames,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// Whether the account may be used.
    pub is_active: bool,
    /// The roles to hold, besides `user`.
    pub roles: BTreeSet<RoleName>,
    /// The language of mails to its owner; that of the installation if none is given.
    pub locale: Option<Locale>,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Who asks may not give roles, or a role has a permission that they lack.
    #[error("the roles are not the caller's to give")]
    Forbidden,
    /// A role does not exist.
    #[error("there is no such role")]
    UnknownRole,
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

impl CreateUser {
    /// Makes the account for `actor`.
    ///
    /// Mails an invitation when there is no password, and else a verification when the address does not count
    /// as verified.
    ///
    /// # Errors
    ///
    /// See [`CreateUserError`]; nothing is stored then.
    pub async fn create(&self, actor: &Actor, command: CreateUserCommand) -> Result<User, CreateUserError> {
        let given = self.find(&command.roles).await?;
        let now = self.clock.now();
        let locale = command.locale.unwrap_or_else(|| self.policy.locale.clone());
        let mut user = User {
            username: command.username,
            profile: command.profile,
            email_verified: command.email_verified,
            is_active: command.is_active,
            ..User::new(command.email, locale, now, self.entropy.as_ref())
        };
        let roles: BTreeSet<RoleName> = user.roles.drain(..).chain(command.roles).collect();
        user.roles = roles.into_iter().collect();
        let password = match command.password {
            Some(password) => Some(self.password_rules.accept(password, &user.identity()).await??),
            None => None,
        };
        check_authority(actor, &given)?;
        let password_hash = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        let mail = match (&password_hash, user.email_verified) {
            (None, _) => Some(MailKind::Invitation),
            (Some(_), false) => Some(MailKind::VerifyEmail),
            (Some(_), true) => None,
        };
        let mail = mail.map(|kind| {
            QueuedMail::new(kind, user.email.clone(), user.locale.clone(), now, self.entropy.as_ref())
        });
        let event = self
            .auditor
            .event(AuditKind::UserCreation, &actor.origin, now)
            .about(user.id)
            .with("roles", joined(&user.roles));
        let is_mailed = mail.is_some();
        let account =
            NewAccount { user: user.clone(), password_hash, session: None, mail, event: event.clone() };
        match self.users.register(account).await? {
            RegisterOutcome::Registered(_) => {}
            RegisterOutcome::EmailTaken => return Err(CreateUserError::EmailTaken),
            RegisterOutcome::UsernameTaken => return Err(CreateUserError::UsernameTaken),
            RegisterOutcome::UnknownRole => return Err(CreateUserError::UnknownRole),
        }
        self.auditor.stored(&event);
        if is_mailed {
            self.delivery.mail_queued();
        }
        Ok(user)
    }

    async fn find(&self, names: &BTreeSet<RoleName>) -> Result<Vec<Role>, CreateUserError> {
        let mut roles = Vec::with_capacity(names.len());
        for name in names {
            roles.push(self.roles.find_by_name(name).await?.ok_or(CreateUserError::UnknownRole)?);
        }
        Ok(roles)
    }
}

fn check_authority(actor: &Actor, given: &[Role]) -> Result<(), CreateUserError> {
    let may_give = given.is_empty() || actor.authority.allow_own(OwnPermission::RolesAssign);
    let lacks_nothing = given.iter().all(|role| actor.authority.cover(&role.authority()));
    if may_give && lacks_nothing { Ok(()) } else { Err(CreateUserError::Forbidden) }
}

fn joined(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(",")
}
