use async_trait::async_trait;
use portcullis_domain::archive::{IssuedPasswordReset, PendingEmailChange};
use portcullis_domain::ports::{
    ImportOutcome, PasswordSetting, SetPasswordOutcome, StorageError, UnlockOutcome, Unlocking,
    UserAdministration, UserFilter, UserQuery, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Account, SearchPrefix, User};
use redb::WriteTransaction;

use crate::RedbStore;
use crate::records::{ACCOUNTS, Changes as _, Lookups as _, WRONG_CODES, WRONG_PASSWORDS};
use crate::tables::{Reads as _, Writes as _};
use crate::users::wanted_username;

#[async_trait]
impl UserAdministration for RedbStore {
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        self.read(move |store| {
            let is_asked_for = |account: &Account| is_asked_for(&account.user, &query.filter);
            let found = store.last(&ACCOUNTS, query.before.as_ref(), query.limit, is_asked_for)?;
            Ok(found.into_iter().map(|account| account.user).collect())
        })
        .await
    }

    async fn update(&self, update: UserUpdate) -> Result<UserUpdateOutcome, StorageError> {
        self.write(move |store| {
            let Some(before) = store.user(update.user)? else {
                return Ok(UserUpdateOutcome::NotFound);
            };
            if let Some(refusal) = refusal(store, &update, &before)? {
                return Ok(refusal);
            }
            store.record(&update.event)?;
            let address_changes = update.email.as_ref().is_some_and(|email| *email != before.email);
            let becomes_active = update.is_active == Some(true) && !before.is_active;
            let account = store.change_account(before.id, |account| {
                let user = &mut account.user;
                user.email_verified = update.verifies_email || (user.email_verified && !address_changes);
                user.email = update.email.unwrap_or(before.email);
                user.is_active = update.is_active.unwrap_or(user.is_active);
                user.updated_at = Some(update.now);
                update.profile.apply(user);
            })?;
            if address_changes {
                store.end_secrets(before.id)?;
            }
            if address_changes || becomes_active {
                update.mails.into_iter().try_for_each(|mail| store.queue(mail))?;
            }
            if update.is_active == Some(false) {
                store.end_secrets(before.id)?;
                store.end_sessions_except(before.id, None)?;
            }
            Ok(UserUpdateOutcome::Updated(Box::new(account.user)))
        })
        .await
    }

    async fn unlock(&self, unlocking: Unlocking) -> Result<UnlockOutcome, StorageError> {
        self.write(move |store| {
            let Some(user) = store.user(unlocking.user)? else {
                return Ok(UnlockOutcome::NotFound);
            };
            if !store.is_covered(&user, &unlocking.authority)? {
                return Ok(UnlockOutcome::Outranked);
            }
            store.record(&unlocking.event)?;
            for key in &unlocking.attempts {
                store.remove(&WRONG_PASSWORDS, key)?;
                store.remove(&WRONG_CODES, key)?;
            }
            Ok(UnlockOutcome::Unlocked(Box::new(user)))
        })
        .await
    }

    async fn set_password(&self, setting: PasswordSetting) -> Result<SetPasswordOutcome, StorageError> {
        self.write(move |store| {
            let Some(user) = store.user(setting.user)? else {
                return Ok(SetPasswordOutcome::NotFound);
            };
            if !store.is_covered(&user, &setting.authority)? {
                return Ok(SetPasswordOutcome::Outranked);
            }
            store.record(&setting.event)?;
            store.change_account(user.id, |account| account.password_hash = Some(setting.new_hash))?;
            store.end_sessions_except(user.id, None)?;
            store.remove_secret::<IssuedPasswordReset>(user.id)?;
            store.remove_secret::<PendingEmailChange>(user.id)?;
            store.remove(&WRONG_PASSWORDS, &setting.attempts)?;
            store.queue(setting.notice)?;
            Ok(SetPasswordOutcome::Set)
        })
        .await
    }

    async fn import(&self, accounts: Vec<Account>) -> Result<Vec<ImportOutcome>, StorageError> {
        self.write(move |store| accounts.into_iter().map(|account| import(store, account)).collect()).await
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

/// Why a change of an account is refused.
fn refusal(
    store: &WriteTransaction,
    update: &UserUpdate,
    before: &User,
) -> Result<Option<UserUpdateOutcome>, StorageError> {
    if !store.is_covered(before, &update.authority)? {
        return Ok(Some(UserUpdateOutcome::Outranked));
    }
    if update.is_overtaken(before) {
        return Ok(Some(UserUpdateOutcome::Overtaken));
    }
    if update.is_active == Some(false) && store.is_last_admin(before)? {
        return Ok(Some(UserUpdateOutcome::LastAdmin));
    }
    if let Some(email) = &update.email
        && store.user_with_email(email)?.is_some_and(|holder| holder.id != before.id)
    {
        return Ok(Some(UserUpdateOutcome::EmailTaken));
    }
    let is_taken = store.is_taken(wanted_username(&update.profile), before.id)?;
    Ok(is_taken.then_some(UserUpdateOutcome::UsernameTaken))
}

fn import(store: &WriteTransaction, account: Account) -> Result<ImportOutcome, StorageError> {
    let Account { mut user, password_hash } = account;
    let holder = store.account_with_email(&user.email)?;
    if holder.as_ref().is_some_and(|holder| holder.password_hash == password_hash) {
        return Ok(ImportOutcome::Present);
    }
    if store.account(user.id)?.is_some() {
        return Ok(ImportOutcome::IdTaken);
    }
    if holder.is_some() {
        return Ok(ImportOutcome::EmailTaken);
    }
    if store.is_taken(user.username.as_ref(), user.id)? {
        return Ok(ImportOutcome::UsernameTaken);
    }
    let Some(roles) = store.existing_roles(&user.roles)? else {
        return Ok(ImportOutcome::UnknownRole);
    };
    user.roles = roles;
    store.put_account(&Account { user, password_hash })?;
    Ok(ImportOutcome::Imported)
}
