use async_trait::async_trait;
use portcullis_domain::mail::{MailKind, MailRecord};
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{Account, AttemptKey, Change, LoginIdentifier, User, UserId};

use super::MemoryStorage;
use super::state::State;

#[async_trait]
impl UserRepository for MemoryStorage {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let mut state = self.step("UserRepository::register").await?;
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
        registration: PrivateRegistration,
    ) -> Result<PrivateRegistrationOutcome, StorageError> {
        let mut state = self.step("UserRepository::register_privately").await?;
        let PrivateRegistration { account, notice_to_owner, way_in_for_owner, refusal } = registration;
        let holder = state.user_with_email(&account.user.email);
        let holder = holder.map(|holder| (holder.id, holder.is_mere_claim()));
        let claim = holder.and_then(|(id, is_claim)| is_claim.then_some(id));
        if state.username_is_taken(&account.user, claim) {
            return Ok(PrivateRegistrationOutcome::UsernameTaken);
        }
        match holder {
            None => match state.add_account(account)? {
                RegisterOutcome::Registered(_) => Ok(PrivateRegistrationOutcome::Registered),
                refused => Err(StorageError::broken(format!("nothing is taken, and yet: {refused:?}"))),
            },
            Some((id, true)) => {
                state.record(refusal.about(id))?;
                state.end_claim(id)?;
                state.queue(way_in_for_owner);
                Ok(PrivateRegistrationOutcome::ClaimEnded(id))
            }
            Some((id, false)) => {
                state.record(refusal.about(id))?;
                state.queue(notice_to_owner);
                Ok(PrivateRegistrationOutcome::OwnerTold(id))
            }
        }
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let state = self.step("UserRepository::find_by_login").await?;
        let user = match identifier {
            LoginIdentifier::Email(address) => state.user_with_email(address),
            LoginIdentifier::Username(username) => state.user_with_username(username),
        };
        Ok(user.and_then(|user| state.accounts.get(&user.id)).cloned())
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        Ok(self.step("UserRepository::find_by_id").await?.accounts.get(&id).cloned())
    }

    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError> {
        let mut state = self.step("UserRepository::update_profile").await?;
        let ProfileUpdate { user: id, change, now, event } = update;
        let Some(mut user) = state.user(id).cloned() else {
            return Ok(ProfileOutcome::NotFound);
        };
        if let Change::Set(username) = &change.username
            && state.user_with_username(username).is_some_and(|holder| holder.id != id)
        {
            return Ok(ProfileOutcome::UsernameTaken);
        }
        state.record(event)?;
        change.apply(&mut user);
        user.updated_at = Some(now);
        state.account_mut(id)?.user = user.clone();
        Ok(ProfileOutcome::Updated(Box::new(user)))
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        let mut state = self.step("UserRepository::change_password").await?;
        let hash = state.accounts.get(&change.user).and_then(|account| account.password_hash.as_ref());
        if hash != Some(&change.verified_hash) {
            return Ok(false);
        }
        state.record(change.event)?;
        state.account_mut(change.user)?.password_hash = Some(change.new_hash);
        state.end_sessions_except(change.user, Some(change.kept_session));
        state.resets.remove(&change.user);
        state.email_changes.remove(&change.user);
        state.queue(change.notice);
        Ok(true)
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        let mut state = self.step("UserRepository::delete").await?;
        let Some(account) = state.accounts.get(&deletion.user) else {
            return Ok(DeleteOutcome::NotFound);
        };
        if !state.is_covered(&account.user, &deletion.authority) {
            return Ok(DeleteOutcome::Outranked);
        }
        if deletion.verified_hash.is_some_and(|hash| !account.is_usable_under(&hash)) {
            return Ok(DeleteOutcome::Refused);
        }
        if state.is_last_admin(&account.user) {
            return Ok(DeleteOutcome::LastAdmin);
        }
        state.record(deletion.event)?;
        state.erase(deletion.user, deletion.attempts);
        Ok(DeleteOutcome::Deleted)
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.step("UserRepository::ping").await.map(drop)
    }
}

impl State {
    fn username_is_taken(&self, new: &User, replaced: Option<UserId>) -> bool {
        new.username
            .as_ref()
            .and_then(|username| self.user_with_username(username))
            .is_some_and(|holder| Some(holder.id) != replaced)
    }

    fn add_account(&mut self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let NewAccount { mut user, password_hash, session, mail, event } = account;
        let Some(roles) = self.existing_roles(&user.roles) else {
            return Ok(RegisterOutcome::UnknownRole);
        };
        user.roles = roles;
        if self.accounts.contains_key(&user.id) {
            return Err(StorageError::broken("the id of a new account is in use"));
        }
        if session.as_ref().is_some_and(|session| self.sessions.contains_key(&session.id)) {
            return Err(StorageError::broken("the id of a new session is in use"));
        }
        self.record(event)?;
        self.accounts.insert(user.id, Account { user, password_hash });
        self.queue_all(mail);
        let principal = session.and_then(|session| {
            let principal = self.principal(&session);
            self.sessions.insert(session.id, session);
            principal
        });
        Ok(RegisterOutcome::Registered(principal.map(Box::new)))
    }

    /// Takes from an account all that lets anybody in.
    fn end_claim(&mut self, id: UserId) -> Result<(), StorageError> {
        self.account_mut(id)?.password_hash = None;
        self.end_secrets(id);
        self.end_sessions_except(id, None);
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
