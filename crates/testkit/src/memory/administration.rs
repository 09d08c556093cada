use std::cmp::Reverse;

use async_trait::async_trait;
use portcullis_domain::ports::{
    ImportOutcome, PasswordSetting, SetPasswordOutcome, StorageError, UnlockOutcome, Unlocking,
    UserAdministration, UserFilter, UserQuery, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Account, Change, SearchPrefix, User};

use super::MemoryStorage;
use super::state::State;

#[async_trait]
impl UserAdministration for MemoryStorage {
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        let state = self.step("UserAdministration::list").await?;
        let users = state.accounts.values().map(|account| &account.user);
        let mut found: Vec<_> = users
            .filter(|user| query.before.is_none_or(|before| user.id < before))
            .filter(|user| is_asked_for(user, &query.filter))
            .cloned()
            .collect();
        found.sort_unstable_by_key(|user| Reverse(user.id));
        found.truncate(query.limit.try_into().unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn update(&self, update: UserUpdate) -> Result<UserUpdateOutcome, StorageError> {
        let mut state = self.step("UserAdministration::update").await?;
        let Some(before) = state.user(update.user).cloned() else {
            return Ok(UserUpdateOutcome::NotFound);
        };
        if !state.is_covered(&before, &update.authority) {
            return Ok(UserUpdateOutcome::Outranked);
        }
        if update.is_overtaken(&before) {
            return Ok(UserUpdateOutcome::Overtaken);
        }
        if let Some(refusal) = state.refusal(&update, &before) {
            return Ok(refusal);
        }
        state.record(update.event)?;
        let address_changes = update.email.as_ref().is_some_and(|email| *email != before.email);
        let becomes_active = update.is_active == Some(true) && !before.is_active;
        let mut user = User {
            email: update.email.unwrap_or(before.email),
            email_verified: update.verifies_email || (before.email_verified && !address_changes),
            is_active: update.is_active.unwrap_or(before.is_active),
            updated_at: Some(update.now),
            ..before
        };
        update.profile.apply(&mut user);
        state.account_mut(user.id)?.user = user.clone();
        if address_changes {
            state.end_secrets(user.id);
        }
        if address_changes || becomes_active {
            state.queue_all(update.mails);
        }
        if update.is_active == Some(false) {
            state.end_secrets(user.id);
            state.end_sessions_except(user.id, None);
        }
        Ok(UserUpdateOutcome::Updated(Box::new(user)))
    }

    async fn unlock(&self, unlocking: Unlocking) -> Result<UnlockOutcome, StorageError> {
        let mut state = self.step("UserAdministration::unlock").await?;
        let Some(user) = state.user(unlocking.user).cloned() else {
            return Ok(UnlockOutcome::NotFound);
        };
        if !state.is_covered(&user, &unlocking.authority) {
            return Ok(UnlockOutcome::Outranked);
        }
        state.record(unlocking.event)?;
        for key in &unlocking.attempts {
            state.wrong_passwords.remove(key);
            state.wrong_codes.remove(key);
        }
        Ok(UnlockOutcome::Unlocked(Box::new(user)))
    }

    async fn set_password(&self, setting: PasswordSetting) -> Result<SetPasswordOutcome, StorageError> {
        let mut state = self.step("UserAdministration::set_password").await?;
        let Some(user) = state.user(setting.user) else {
            return Ok(SetPasswordOutcome::NotFound);
        };
        if !state.is_covered(user, &setting.authority) {
            return Ok(SetPasswordOutcome::Outranked);
        }
        state.record(setting.event)?;
        state.account_mut(setting.user)?.password_hash = Some(setting.new_hash);
        state.end_sessions_except(setting.user, None);
        state.resets.remove(&setting.user);
        state.email_changes.remove(&setting.user);
        state.wrong_passwords.remove(&setting.attempts);
        state.queue(setting.notice);
        Ok(SetPasswordOutcome::Set)
    }

    async fn import(&self, accounts: Vec<Account>) -> Result<Vec<ImportOutcome>, StorageError> {
        let mut state = self.step("UserAdministration::import").await?;
        Ok(accounts.into_iter().map(|account| state.import(account)).collect())
    }
}

fn is_asked_for(user: &User, filter: &UserFilter) -> bool {
    let UserFilter { prefix, role, email_verified, is_active } = filter;
    prefix.as_ref().is_none_or(|prefix| begins_with(user, prefix))
        && role.as_ref().is_none_or(|role| user.roles.contains(role))
        && email_verified.is_none_or(|verified| user.email_verified == verified)
        && is_active.is_none_or(|active| user.is_active == active)
}

fn begins_with(user: &User, prefix: &SearchPrefix) -> bool {
    prefix.begins(user.email.canonical())
        || user.username.as_ref().is_some_and(|username| prefix.begins(username.canonical()))
        || user.profile.as_array().into_iter().flatten().any(|name| prefix.begins(&name.canonical()))
}

impl State {
    /// Why a change of an account, which its authority covers, is refused.
    fn refusal(&self, update: &UserUpdate, before: &User) -> Option<UserUpdateOutcome> {
        let is_somebody_elses = |holder: Option<&User>| holder.is_some_and(|holder| holder.id != before.id);
        if update.is_active == Some(false) && self.is_last_admin(before) {
            return Some(UserUpdateOutcome::LastAdmin);
        }
        if let Some(email) = &update.email
            && is_somebody_elses(self.user_with_email(email))
        {
            return Some(UserUpdateOutcome::EmailTaken);
        }
        if let Change::Set(username) = &update.profile.username
            && is_somebody_elses(self.user_with_username(username))
        {
            return Some(UserUpdateOutcome::UsernameTaken);
        }
        None
    }

    fn import(&mut self, account: Account) -> ImportOutcome {
        let Account { mut user, password_hash } = account;
        let holder = self.user_with_email(&user.email);
        let holder = holder.and_then(|holder| self.accounts.get(&holder.id));
        if holder.is_some_and(|holder| holder.password_hash == password_hash) {
            return ImportOutcome::Present;
        }
        if self.accounts.contains_key(&user.id) {
            return ImportOutcome::IdTaken;
        }
        if holder.is_some() {
            return ImportOutcome::EmailTaken;
        }
        if user.username.as_ref().is_some_and(|username| self.user_with_username(username).is_some()) {
            return ImportOutcome::UsernameTaken;
        }
        let Some(roles) = self.existing_roles(&user.roles) else {
            return ImportOutcome::UnknownRole;
        };
        user.roles = roles;
        self.accounts.insert(user.id, Account { user, password_hash });
        ImportOutcome::Imported
    }
}
