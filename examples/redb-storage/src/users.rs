use async_trait::async_trait;
use portcullis_domain::mail::{MailKind, MailRecord};
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{Account, AttemptKey, Change, LoginIdentifier, ProfileChange, User, UserId};
use redb::WriteTransaction;

use crate::RedbStore;
use crate::records::{Changes as _, Lookups as _, MAILS, SESSIONS, WRONG_PASSWORDS};
use crate::tables::{Reads as _, Writes as _};
use portcullis_domain::archive::{IssuedPasswordReset, PendingEmailChange};

#[async_trait]
impl UserRepository for RedbStore {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        self.write(move |store| {
            let user = &account.user;
            if store.is_taken(user.username.as_ref(), user.id)? {
                return Ok(RegisterOutcome::UsernameTaken);
            }
            if store.account_with_email(&user.email)?.is_some() {
                return Ok(RegisterOutcome::EmailTaken);
            }
            add_account(store, account)
        })
        .await
    }

    async fn register_privately(
        &self,
        registration: PrivateRegistration,
    ) -> Result<PrivateRegistrationOutcome, StorageError> {
        self.write(move |store| {
            let PrivateRegistration { account, notice_to_owner, way_in_for_owner, refusal } = registration;
            let holder = store.user_with_email(&account.user.email)?;
            let claim = holder.as_ref().filter(|holder| holder.is_mere_claim()).map(|holder| holder.id);
            if store.is_taken(account.user.username.as_ref(), claim.unwrap_or(account.user.id))? {
                return Ok(PrivateRegistrationOutcome::UsernameTaken);
            }
            match (claim, holder) {
                (Some(id), _) => {
                    store.record(&refusal.about(id))?;
                    end_claim(store, id)?;
                    store.queue(way_in_for_owner)?;
                    Ok(PrivateRegistrationOutcome::ClaimEnded(id))
                }
                (None, Some(owner)) => {
                    store.record(&refusal.about(owner.id))?;
                    store.queue(notice_to_owner)?;
                    Ok(PrivateRegistrationOutcome::OwnerTold(owner.id))
                }
                (None, None) => match add_account(store, account)? {
                    RegisterOutcome::Registered(_) => Ok(PrivateRegistrationOutcome::Registered),
                    refused => Err(StorageError::broken(format!("nothing is taken, and yet: {refused:?}"))),
                },
            }
        })
        .await
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let identifier = identifier.clone();
        self.read(move |store| match &identifier {
            LoginIdentifier::Email(address) => store.account_with_email(address),
            LoginIdentifier::Username(username) => match store.holder_of(username)? {
                Some(id) => store.account(id),
                None => Ok(None),
            },
        })
        .await
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        self.read(move |store| store.account(id)).await
    }

    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError> {
        self.write(move |store| {
            let ProfileUpdate { user: id, change, now, event } = update;
            if store.account(id)?.is_none() {
                return Ok(ProfileOutcome::NotFound);
            }
            if store.is_taken(wanted_username(&change), id)? {
                return Ok(ProfileOutcome::UsernameTaken);
            }
            store.record(&event)?;
            let account = store.change_account(id, |account| {
                change.apply(&mut account.user);
                account.user.updated_at = Some(now);
            })?;
            Ok(ProfileOutcome::Updated(Box::new(account.user)))
        })
        .await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        self.write(move |store| {
            let hash = store.account(change.user)?.and_then(|account| account.password_hash);
            if hash.as_ref() != Some(&change.verified_hash) {
                return Ok(false);
            }
            store.record(&change.event)?;
            store.change_account(change.user, |account| account.password_hash = Some(change.new_hash))?;
            store.end_sessions_except(change.user, Some(change.kept_session))?;
            store.remove_secret::<IssuedPasswordReset>(change.user)?;
            store.remove_secret::<PendingEmailChange>(change.user)?;
            store.queue(change.notice)?;
            Ok(true)
        })
        .await
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        self.write(move |store| {
            let Some(account) = store.account(deletion.user)? else {
                return Ok(DeleteOutcome::NotFound);
            };
            if !store.is_covered(&account.user, &deletion.authority)? {
                return Ok(DeleteOutcome::Outranked);
            }
            if deletion.verified_hash.is_some_and(|hash| !account.is_usable_under(&hash)) {
                return Ok(DeleteOutcome::Refused);
            }
            if store.is_last_admin(&account.user)? {
                return Ok(DeleteOutcome::LastAdmin);
            }
            store.record(&deletion.event)?;
            erase(store, &account.user, deletion.attempts)?;
            Ok(DeleteOutcome::Deleted)
        })
        .await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.read(|_| Ok(())).await
    }
}

/// The username that a change asks for.
pub(crate) fn wanted_username(change: &ProfileChange) -> Option<&portcullis_domain::Username> {
    match &change.username {
        Change::Set(username) => Some(username),
        Change::Keep | Change::Clear => None,
    }
}

fn add_account(store: &WriteTransaction, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
    let NewAccount { mut user, password_hash, session, mail, event } = account;
    let Some(roles) = store.existing_roles(&user.roles)? else {
        return Ok(RegisterOutcome::UnknownRole);
    };
    user.roles = roles;
    if store.account(user.id)?.is_some() {
        return Err(StorageError::broken("the id of a new account is in use"));
    }
    store.record(&event)?;
    store.put_account(&Account { user, password_hash })?;
    if let Some(mail) = mail {
        store.queue(mail)?;
    }
    let Some(session) = session else {
        return Ok(RegisterOutcome::Registered(None));
    };
    if store.get(&SESSIONS, &session.id)?.is_some() {
        return Err(StorageError::broken("the id of a new session is in use"));
    }
    store.put_session(&session)?;
    Ok(RegisterOutcome::Registered(store.principal_of(session)?.map(Box::new)))
}

/// Takes from an account all that lets anybody in.
fn end_claim(store: &WriteTransaction, id: UserId) -> Result<(), StorageError> {
    store.change_account(id, |account| account.password_hash = None)?;
    store.end_secrets(id)?;
    store.end_sessions_except(id, None)
}

fn erase(store: &WriteTransaction, user: &User, attempts: AttemptKey) -> Result<(), StorageError> {
    store.remove_account(user.id)?;
    let concerns_them = |record: &MailRecord| {
        record.mail.recipient == user.email || record.mail.kind == MailKind::ConfirmEmailChange(user.id)
    };
    for record in store.all(&MAILS, concerns_them)? {
        store.remove(&MAILS, &record.mail.id)?;
    }
    store.end_sessions_except(user.id, None)?;
    store.end_secrets(user.id)?;
    store.remove(&WRONG_PASSWORDS, &attempts).map(drop)
}
