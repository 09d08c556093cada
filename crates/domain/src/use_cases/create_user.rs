use std::sync::Arc;

use crate::policy::Policy;
use crate::ports::{
    Clock, Entropy, HashingError, NewAccount, PasswordHasher, RegisterOutcome, StorageError, UserRepository,
};
use crate::user::{ProfileNames, User};
use crate::values::{EmailAddress, Locale, Password, PasswordRefusal, RoleName, Username};

/// Makes an account for somebody else, as administrators do.
pub struct CreateUser {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) policy: Arc<Policy>,
}

/// The account to be made.
#[derive(Clone, Debug)]
pub struct CreateUserCommand {
    /// Its address.
    pub email: EmailAddress,
    /// Its password.
    pub password: Password,
    /// Its username.
    pub username: Option<Username>,
    /// What its owner is called.
    pub profile: ProfileNames,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// Whether it is an administrator's.
    pub is_admin: bool,
    /// The language of mails to its owner; that of the installation if none is given.
    pub locale: Option<Locale>,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
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
    Hashing(#[from] HashingError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateUser {
    /// Makes the account and mails nothing.
    ///
    /// # Errors
    ///
    /// See [`CreateUserError`]; nothing is stored then.
    pub async fn create(&self, command: CreateUserCommand) -> Result<User, CreateUserError> {
        let now = self.clock.now();
        let locale = command.locale.unwrap_or_else(|| self.policy.locale.clone());
        let mut user = User {
            username: command.username,
            profile: command.profile,
            email_verified: command.email_verified,
            ..User::new(command.email, locale, now, self.entropy.as_ref())
        };
        if command.is_admin {
            user.roles.insert(0, RoleName::admin());
        }
        let password = self.policy.password.accept(command.password, &user.identity())?;
        let password_hash = self.hasher.hash(password).await?;
        let account =
            NewAccount { user: user.clone(), password_hash: Some(password_hash), session: None, mail: None };
        match self.users.register(account).await? {
            RegisterOutcome::Registered(_) => Ok(user),
            RegisterOutcome::EmailTaken => Err(CreateUserError::EmailTaken),
            RegisterOutcome::UsernameTaken => Err(CreateUserError::UsernameTaken),
        }
    }
}
