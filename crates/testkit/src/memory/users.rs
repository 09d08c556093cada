use async_trait::async_trait;
use portcullis_domain::mail::{MailKind, MailRecord, QueuedMail};
use portcullis_domain::ports::{
    DeleteOutcome, NewAccount, PasswordChange, ProfileOutcome, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{
    Account, AttemptKey, Change, LoginIdentifier, ProfileChange, RoleName, Timestamp, User, UserId,
};

use super::MemoryStorage;
use super::state::State;

#[async_trait]
impl UserRepository for MemoryStorage {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let mut state = self.step("UserRepository::register")?;
        if state.username_is_taken(&account.user, None) {
            Ok(RegisterOutcome::UsernameTaken)
        } else if state.user_with_email(&account.user.email).is_some() {
            Ok(RegisterOutcome::EmailTaken)
        } else {
            state.add_account(account)
        }
    }

    async fn register_privately(
        &self,
        account: NewAccount,
        notice_to_owner: QueuedMail,
    ) -> Result<RegisterOutcome, StorageError> {
        let mut state = self.step("UserRepository::register_privately")?;
        let Some(owner) = state.user_with_email(&account.user.email) else {
            return if state.username_is_taken(&account.user, None) {
                Ok(RegisterOutcome::UsernameTaken)
            } else {
                state.add_account(account)
            };
        };
        let replaced = is_mere_claim(owner).then_some(owner.id);
        if state.username_is_taken(&account.user, replaced) {
            return Ok(RegisterOutcome::UsernameTaken);
        }
        match replaced {
            Some(id) => state.replace_claim(id, account)?,
            None => state.queue(notice_to_owner),
        }
        Ok(RegisterOutcome::Registered(None))
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let state = self.step("UserRepository::find_by_login")?;
        let user = match identifier {
            LoginIdentifier::Email(address) => state.user_with_email(address),
            LoginIdentifier::Username(username) => state.user_with_username(username),
        };
        Ok(user.and_then(|user| state.accounts.get(&user.id)).cloned())
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        Ok(self.step("UserRepository::find_by_id")?.accounts.get(&id).cloned())
    }

    async fn update_profile(
        &self,
        id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StorageError> {
        let mut state = self.step("UserRepository::update_profile")?;
        if let Change::Set(username) = &change.username
            && state.user_with_username(username).is_some_and(|holder| holder.id != id)
        {
            return Ok(ProfileOutcome::UsernameTaken);
        }
        let Some(Account { user, .. }) = state.accounts.get_mut(&id) else {
            return Ok(ProfileOutcome::NotFound);
        };
        user.username = change.username.apply(user.username.take());
        user.profile.name = change.name.apply(user.profile.name.take());
        user.profile.first_name = change.first_name.apply(user.profile.first_name.take());
        user.profile.last_name = change.last_name.apply(user.profile.last_name.take());
        user.updated_at = Some(now);
        Ok(ProfileOutcome::Updated(Box::new(user.clone())))
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        let mut state = self.step("UserRepository::change_password")?;
        let Some(account) = state
            .accounts
            .get_mut(&change.user)
            .filter(|account| account.password_hash.as_ref() == Some(&change.verified_hash))
        else {
            return Ok(false);
        };
        account.password_hash = Some(change.new_hash);
        state.end_sessions_except(change.user, Some(change.kept_session));
        state.resets.remove(&change.user);
        state.email_changes.remove(&change.user);
        state.queue(change.notice);
        Ok(true)
    }

    async fn delete(&self, id: UserId, attempts: AttemptKey) -> Result<DeleteOutcome, StorageError> {
        let mut state = self.step("UserRepository::delete")?;
        let Some(user) = state.user(id) else {
            return Ok(DeleteOutcome::NotFound);
        };
        if is_active_admin(user) && !state.another_active_admin_than(id) {
            return Ok(DeleteOutcome::LastAdmin);
        }
        state.erase(id, attempts);
        Ok(DeleteOutcome::Deleted)
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.step("UserRepository::ping").map(drop)
    }
}

/// Whether nobody has shown yet that the account is theirs.
fn is_mere_claim(owner: &User) -> bool {
    let plain = RoleName::user();
    !owner.email_verified && owner.last_login_at.is_none() && owner.roles.iter().all(|role| *role == plain)
}

fn is_active_admin(user: &User) -> bool {
    user.is_active && user.roles.iter().any(RoleName::is_admin)
}

impl State {
    fn username_is_taken(&self, new: &User, replaced: Option<UserId>) -> bool {
        new.username
            .as_ref()
            .and_then(|username| self.user_with_username(username))
            .is_some_and(|holder| Some(holder.id) != replaced)
    }

    fn another_active_admin_than(&self, id: UserId) -> bool {
        self.accounts.values().any(|other| other.user.id != id && is_active_admin(&other.user))
    }

    fn add_account(&mut self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let NewAccount { mut user, password_hash, session, mail } = account;
        user.roles = self.existing_roles(&user.roles)?;
        if self.accounts.contains_key(&user.id) {
            return Err(StorageError::broken("the id of a new account is in use"));
        }
        if session.as_ref().is_some_and(|session| self.sessions.contains_key(&session.id)) {
            return Err(StorageError::broken("the id of a new session is in use"));
        }
        self.accounts.insert(user.id, Account { user, password_hash });
        self.queue_all(mail);
        let principal = session.and_then(|session| {
            let principal = self.principal(&session);
            self.sessions.insert(session.id, session);
            principal
        });
        Ok(RegisterOutcome::Registered(principal.map(Box::new)))
    }

    /// Lets the later of two claims on an address count: nothing that the first one set goes on.
    fn replace_claim(&mut self, id: UserId, new: NewAccount) -> Result<(), StorageError> {
        let account = self.account_mut(id)?;
        account.password_hash = new.password_hash;
        account.user.username = new.user.username;
        account.user.profile = new.user.profile;
        account.user.locale = new.user.locale;
        self.end_secrets(id);
        self.end_sessions_except(id, None);
        self.queue_all(new.mail);
        Ok(())
    }

    fn erase(&mut self, id: UserId, attempts: AttemptKey) {
        if let Some(Account { user, .. }) = self.accounts.remove(&id) {
            let concerns_them = |record: &MailRecord| {
                record.mail.recipient == user.email || record.mail.kind == MailKind::ConfirmEmailChange(id)
            };
            self.mails.retain(|record| !concerns_them(record));
        }
        self.end_sessions_except(id, None);
        self.end_secrets(id);
        self.wrong_passwords.remove(&attempts);
    }
}
