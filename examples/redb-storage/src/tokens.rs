use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PendingEmailChange,
};
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRefusal, EmailChangeRequest,
    EmailChangeRequestOutcome, LinkRedemption, PasswordReset, StorageError, TokenRepository,
    VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};
use redb::WriteTransaction;

use crate::RedbStore;
use crate::records::{Changes as _, Lookups, Secret, WRONG_CODES, WRONG_PASSWORDS};
use crate::tables::{Reads as _, Writes as _};

const HOUR: Duration = Duration::from_hours(1);

#[async_trait]
impl TokenRepository for RedbStore {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |store| {
            let VerificationSecrets { link, link_expires_at, code, code_expires_at, attempts } = secrets;
            if let Some(wrong) = store.get(&WRONG_CODES, &attempts)? {
                store.put(&WRONG_CODES, &attempts, &CodeAttempts { since_issued: 0, ..wrong })?;
            }
            let Some(user) = active_user(store, &address)?.filter(|user| !user.email_verified) else {
                return Ok(None);
            };
            let code = Some(IssuedCode { digest: code, expires_at: code_expires_at });
            let address = user.email.clone();
            store.put_secret(&IssuedVerification { user: user.id, address, link, link_expires_at, code })?;
            Ok(Some(user))
        })
        .await
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |store| user_of_link(store, link, now)).await
    }

    async fn redeem_verification_link(
        &self,
        redemption: LinkRedemption,
    ) -> Result<VerificationOutcome, StorageError> {
        self.write(move |store| {
            let Some(user) = user_of_link(store, redemption.digest, redemption.now)? else {
                return Ok(VerificationOutcome::Invalid);
            };
            if user.email_verified {
                return Ok(VerificationOutcome::VerifiedBefore(Box::new(verify(store, user.id)?)));
            }
            store.record(&redemption.event.about(user.id))?;
            Ok(VerificationOutcome::Verified(Box::new(verify(store, user.id)?)))
        })
        .await
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        self.write(move |store| {
            let wrong = store.get(&WRONG_CODES, &redemption.attempts)?;
            if let Some(exhausted) = wrong.and_then(|wrong| exhausted(&wrong, &redemption)) {
                return Ok(exhausted);
            }
            let user = store.user_with_email(&redemption.address)?;
            if let Some(user) = &user
                && is_right(store, user, &redemption)?
            {
                store.record(&redemption.event.about(user.id))?;
                return Ok(CodeOutcome::Verified(Box::new(verify(store, user.id)?)));
            }
            let user = user.map(|user| user.id);
            let failure = redemption.failure.clone();
            store.record(&match user {
                Some(user) => failure.about(user),
                None => failure,
            })?;
            store.put(&WRONG_CODES, &redemption.attempts, &with_one_more(wrong, &redemption))?;
            Ok(CodeOutcome::Wrong(user))
        })
        .await
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |store| {
            let user = active_user(store, &address)?;
            if let Some(user) = &user {
                let address = user.email.clone();
                store.put_secret(&IssuedPasswordReset { user: user.id, address, digest, expires_at })?;
            }
            Ok(user)
        })
        .await
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |store| user_of_reset(store, digest, now)).await
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        self.write(move |store| {
            let Some(user) = user_of_reset(store, reset.digest, reset.now)? else {
                return Ok(false);
            };
            store.record(&reset.event)?;
            store.change_account(user.id, |account| {
                account.password_hash = Some(reset.new_hash);
                account.user.email_verified = true;
            })?;
            store.end_secrets(user.id)?;
            store.end_sessions_except(user.id, None)?;
            store.remove(&WRONG_PASSWORDS, &reset.attempts)?;
            store.queue(reset.notice)?;
            Ok(true)
        })
        .await
    }

    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError> {
        self.write(move |store| {
            let EmailChangeRequest { user, session, new_address, verified_hash, mails, event, if_taken } =
                request;
            let asking = store.account(user)?;
            if !asking.is_some_and(|account| account.is_usable_under(&verified_hash)) {
                return Ok(EmailChangeRequestOutcome::Refused);
            }
            let is_taken = store.user_with_email(&new_address)?.is_some_and(|holder| holder.id != user);
            match if_taken {
                _ if !is_taken => {
                    store.record(&event)?;
                    store.put_secret(&PendingEmailChange { user, session, new_address, link: None })?;
                    mails.into_iter().try_for_each(|mail| store.queue(mail))?;
                    Ok(EmailChangeRequestOutcome::Requested)
                }
                Some(EmailChangeRefusal { mails, event }) => {
                    store.record(&event)?;
                    store.remove_secret::<PendingEmailChange>(user)?;
                    mails.into_iter().try_for_each(|mail| store.queue(mail))?;
                    Ok(EmailChangeRequestOutcome::OwnerTold)
                }
                None => Ok(EmailChangeRequestOutcome::EmailTaken),
            }
        })
        .await
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let new_address = new_address.clone();
        self.write(move |store| {
            let pending = store.get(&PendingEmailChange::TABLE, &user)?;
            let Some(pending) = pending.filter(|pending| pending.new_address == new_address) else {
                return Ok(None);
            };
            let link = Some(IssuedEmailChangeLink { digest, expires_at });
            store.put_secret(&PendingEmailChange { link, ..pending })?;
            store.user(user)
        })
        .await
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        self.read(move |store| {
            let Some(change) = email_change(store, digest, now)? else {
                return Ok(None);
            };
            Ok(store.user(change.user)?.map(|user| (user, change.new_address)))
        })
        .await
    }

    async fn redeem_email_change(
        &self,
        redemption: LinkRedemption,
    ) -> Result<EmailChangeOutcome, StorageError> {
        self.write(move |store| {
            let Some(change) = email_change(store, redemption.digest, redemption.now)? else {
                return Ok(EmailChangeOutcome::Invalid);
            };
            let PendingEmailChange { user: id, session, new_address, .. } = change;
            if store.user_with_email(&new_address)?.is_some_and(|holder| holder.id != id) {
                return Ok(EmailChangeOutcome::EmailTaken);
            }
            store.record(&redemption.event.about(id))?;
            let account = store.change_account(id, |account| {
                account.user.email = new_address;
                account.user.email_verified = true;
                account.user.updated_at = Some(redemption.now);
            })?;
            store.end_secrets(id)?;
            store.end_sessions_except(id, Some(session))?;
            Ok(EmailChangeOutcome::Changed(Box::new(account.user)))
        })
        .await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(move |store| {
            let code_is_over = |code: IssuedCode| code.expires_at < now;
            let mut deleted = delete(store, limit, |issued: &IssuedVerification| {
                issued.link_expires_at < now && issued.code.is_none_or(code_is_over)
            })?;
            deleted += delete(store, limit - deleted, |reset: &IssuedPasswordReset| reset.expires_at < now)?;
            deleted += delete(store, limit - deleted, |change: &PendingEmailChange| {
                change.link.is_some_and(|link| link.expires_at < now)
            })?;
            Ok(deleted)
        })
        .await
    }
}

fn active_user(store: &impl Lookups, address: &EmailAddress) -> Result<Option<User>, StorageError> {
    Ok(store.user_with_email(address)?.filter(|user| user.is_active))
}

/// The user whom a secret names, if it was mailed to the address that they have.
fn user_at(store: &impl Lookups, id: UserId, address: &EmailAddress) -> Result<Option<User>, StorageError> {
    Ok(store.user(id)?.filter(|user| user.email == *address))
}

fn user_of_link(
    store: &impl Lookups,
    link: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, StorageError> {
    match store.secret_behind::<IssuedVerification>(link)? {
        Some(issued) if now < issued.link_expires_at => user_at(store, issued.user, &issued.address),
        _ => Ok(None),
    }
}

fn user_of_reset(
    store: &impl Lookups,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, StorageError> {
    match store.secret_behind::<IssuedPasswordReset>(digest)? {
        Some(issued) if now < issued.expires_at => user_at(store, issued.user, &issued.address),
        _ => Ok(None),
    }
}

fn email_change(
    store: &impl Lookups,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<PendingEmailChange>, StorageError> {
    let is_good = |change: &PendingEmailChange| change.link.is_some_and(|link| now < link.expires_at);
    Ok(store.secret_behind(digest)?.filter(is_good))
}

/// Takes the address for its owner's. Only the first time can what came before be somebody else's.
fn verify(store: &WriteTransaction, id: UserId) -> Result<User, StorageError> {
    let mut was_verified = true;
    let account = store.change_account(id, |account| {
        was_verified = std::mem::replace(&mut account.user.email_verified, true);
    })?;
    if !was_verified {
        store.remove_secret::<PendingEmailChange>(id)?;
    }
    if let Some(verification) = store.get(&IssuedVerification::TABLE, &id)? {
        store.put_secret(&IssuedVerification { code: None, ..verification })?;
    }
    Ok(account.user)
}

fn is_right(store: &impl Lookups, user: &User, redemption: &CodeRedemption) -> Result<bool, StorageError> {
    let Some(issued) = store.get(&IssuedVerification::TABLE, &user.id)? else {
        return Ok(false);
    };
    let (Some(code), Some(given)) = (issued.code, redemption.code) else {
        return Ok(false);
    };
    Ok(issued.address == user.email
        && redemption.now < code.expires_at
        && given.matches(code.digest.as_bytes()))
}

fn exhausted(wrong: &CodeAttempts, redemption: &CodeRedemption) -> Option<CodeOutcome> {
    let hour_ends_at = wrong.hour_started_at + HOUR;
    let until = (wrong.within_hour >= redemption.limits.per_hour && redemption.now < hour_ends_at)
        .then_some(hour_ends_at);
    let is_exhausted = until.is_some() || wrong.since_issued >= redemption.limits.per_code;
    is_exhausted.then_some(CodeOutcome::Exhausted { until })
}

fn with_one_more(wrong: Option<CodeAttempts>, redemption: &CodeRedemption) -> CodeAttempts {
    let (key, now) = (redemption.attempts, redemption.now);
    let unused =
        CodeAttempts { key, since_issued: 0, within_hour: 0, hour_started_at: now, last_failure_at: now };
    let wrong = wrong.unwrap_or(unused);
    let (within_hour, hour_started_at) = if wrong.hour_started_at + HOUR <= now {
        (0, now)
    } else {
        (wrong.within_hour, wrong.hour_started_at)
    };
    CodeAttempts {
        key,
        since_issued: wrong.since_issued + 1,
        within_hour: within_hour + 1,
        hour_started_at,
        last_failure_at: now,
    }
}

/// Deletes so many secrets at most that are over, and says how many it were.
fn delete<S: Secret>(
    store: &WriteTransaction,
    limit: u32,
    is_over: impl FnMut(&S) -> bool,
) -> Result<u32, StorageError> {
    store.first(&S::TABLE, limit, is_over)?.iter().try_fold(0, |deleted, secret| {
        store.remove_secret::<S>(secret.user())?;
        Ok(deleted + 1)
    })
}
