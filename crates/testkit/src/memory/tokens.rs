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

use super::MemoryStorage;
use super::state::{State, remove_up_to};

const HOUR: Duration = Duration::from_hours(1);

#[async_trait]
impl TokenRepository for MemoryStorage {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        let mut state = self.step("TokenRepository::issue_verification").await?;
        if let Some(wrong) = state.wrong_codes.get_mut(&secrets.attempts) {
            wrong.since_issued = 0;
        }
        let user = state.active_user_with_email(address).filter(|user| !user.email_verified);
        if let Some(user) = &user {
            let VerificationSecrets { link, link_expires_at, code, code_expires_at, .. } = secrets;
            let code = Some(IssuedCode { digest: code, expires_at: code_expires_at });
            let address = user.email.clone();
            let issued = IssuedVerification { user: user.id, address, link, link_expires_at, code };
            state.verifications.insert(user.id, issued);
        }
        Ok(user)
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        Ok(self.step("TokenRepository::find_verification").await?.user_of_link(link, now))
    }

    async fn redeem_verification_link(
        &self,
        redemption: LinkRedemption,
    ) -> Result<VerificationOutcome, StorageError> {
        let mut state = self.step("TokenRepository::redeem_verification_link").await?;
        let Some(user) = state.user_of_link(redemption.digest, redemption.now) else {
            return Ok(VerificationOutcome::Invalid);
        };
        if user.email_verified {
            return Ok(VerificationOutcome::VerifiedBefore(Box::new(state.verify(user.id)?)));
        }
        state.record(redemption.event.about(user.id))?;
        Ok(VerificationOutcome::Verified(Box::new(state.verify(user.id)?)))
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        let mut state = self.step("TokenRepository::redeem_verification_code").await?;
        if let Some(exhausted) = state.exhausted(&redemption) {
            return Ok(exhausted);
        }
        if let Some(user) = state.user_of_code(&redemption) {
            state.record(redemption.event.about(user))?;
            return Ok(CodeOutcome::Verified(Box::new(state.verify(user)?)));
        }
        let user = state.user_with_email(&redemption.address).map(|user| user.id);
        let failure = redemption.failure.clone();
        state.record(match user {
            Some(user) => failure.about(user),
            None => failure,
        })?;
        state.count_wrong_code(&redemption);
        Ok(CodeOutcome::Wrong(user))
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let mut state = self.step("TokenRepository::issue_password_reset").await?;
        let user = state.active_user_with_email(address);
        if let Some(user) = &user {
            let address = user.email.clone();
            let issued = IssuedPasswordReset { user: user.id, address, digest, expires_at };
            state.resets.insert(user.id, issued);
        }
        Ok(user)
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        Ok(self.step("TokenRepository::find_password_reset").await?.user_of_reset(digest, now))
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        let mut state = self.step("TokenRepository::redeem_password_reset").await?;
        let Some(user) = state.user_of_reset(reset.digest, reset.now) else {
            return Ok(false);
        };
        state.record(reset.event)?;
        let account = state.account_mut(user.id)?;
        account.password_hash = Some(reset.new_hash);
        account.user.email_verified = true;
        state.end_secrets(user.id);
        state.end_sessions_except(user.id, None);
        state.wrong_passwords.remove(&reset.attempts);
        state.queue(reset.notice);
        Ok(true)
    }

    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError> {
        let mut state = self.step("TokenRepository::request_email_change").await?;
        let EmailChangeRequest { user, session, new_address, verified_hash, mails, event, if_taken } =
            request;
        let asking = state.accounts.get(&user);
        if !asking.is_some_and(|account| account.is_usable_under(&verified_hash)) {
            return Ok(EmailChangeRequestOutcome::Refused);
        }
        let is_taken = state.user_with_email(&new_address).is_some_and(|holder| holder.id != user);
        match if_taken {
            _ if !is_taken => {
                state.record(event)?;
                let change = PendingEmailChange { user, session, new_address, link: None };
                state.email_changes.insert(user, change);
                state.queue_all(mails);
                Ok(EmailChangeRequestOutcome::Requested)
            }
            Some(EmailChangeRefusal { mails, event }) => {
                state.record(event)?;
                state.email_changes.remove(&user);
                state.queue_all(mails);
                Ok(EmailChangeRequestOutcome::OwnerTold)
            }
            None => Ok(EmailChangeRequestOutcome::EmailTaken),
        }
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let mut state = self.step("TokenRepository::issue_email_change").await?;
        let pending = state.email_changes.get_mut(&user).filter(|change| change.new_address == *new_address);
        let Some(change) = pending else {
            return Ok(None);
        };
        change.link = Some(IssuedEmailChangeLink { digest, expires_at });
        Ok(state.user(user).cloned())
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        let state = self.step("TokenRepository::find_email_change").await?;
        let found = state.email_change(digest, now);
        Ok(found.and_then(|(id, change)| Some((state.user(id)?.clone(), change.new_address.clone()))))
    }

    async fn redeem_email_change(
        &self,
        redemption: LinkRedemption,
    ) -> Result<EmailChangeOutcome, StorageError> {
        let mut state = self.step("TokenRepository::redeem_email_change").await?;
        let Some((id, change)) = state.email_change(redemption.digest, redemption.now) else {
            return Ok(EmailChangeOutcome::Invalid);
        };
        let (new_address, kept_session) = (change.new_address.clone(), change.session);
        if state.user_with_email(&new_address).is_some_and(|holder| holder.id != id) {
            return Ok(EmailChangeOutcome::EmailTaken);
        }
        state.record(redemption.event.about(id))?;
        let user = &mut state.account_mut(id)?.user;
        user.email = new_address;
        user.email_verified = true;
        user.updated_at = Some(redemption.now);
        let changed = Box::new(user.clone());
        state.end_secrets(id);
        state.end_sessions_except(id, Some(kept_session));
        Ok(EmailChangeOutcome::Changed(changed))
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let mut state = self.step("TokenRepository::delete_expired").await?;
        let verifications = state.verifications.extract_if(|_, issued| is_over(issued, now));
        let mut deleted = remove_up_to(limit, verifications);
        deleted += remove_up_to(limit - deleted, state.resets.extract_if(|_, reset| reset.expires_at < now));
        let is_over = |change: &PendingEmailChange| change.link.is_some_and(|link| link.expires_at < now);
        let changes = state.email_changes.extract_if(|_, change| is_over(change));
        deleted += remove_up_to(limit - deleted, changes);
        Ok(deleted)
    }
}

/// Whether link and code have both expired.
fn is_over(issued: &IssuedVerification, now: Timestamp) -> bool {
    issued.link_expires_at < now && issued.code.is_none_or(|code| code.expires_at < now)
}

impl State {
    fn active_user_with_email(&self, address: &EmailAddress) -> Option<User> {
        self.user_with_email(address).filter(|user| user.is_active).cloned()
    }

    /// The user whom a secret names, if it was mailed to the address that they have.
    fn user_at(&self, id: UserId, address: &EmailAddress) -> Option<User> {
        self.user(id).filter(|user| user.email == *address).cloned()
    }

    fn user_of_link(&self, link: TokenDigest, now: Timestamp) -> Option<User> {
        let is_named = |known: &IssuedVerification| known.link == link && now < known.link_expires_at;
        let (id, verification) = self.verifications.iter().find(|(_, known)| is_named(known))?;
        self.user_at(*id, &verification.address)
    }

    fn user_of_code(&self, redemption: &CodeRedemption) -> Option<UserId> {
        let user = self.user_with_email(&redemption.address)?;
        let issued = self.verifications.get(&user.id)?;
        let code = issued.code?;
        let is_right = issued.address == user.email
            && redemption.now < code.expires_at
            && redemption.code?.matches(code.digest.as_bytes());
        is_right.then_some(user.id)
    }

    fn user_of_reset(&self, digest: TokenDigest, now: Timestamp) -> Option<User> {
        let is_named = |known: &IssuedPasswordReset| known.digest == digest && now < known.expires_at;
        let (id, reset) = self.resets.iter().find(|(_, known)| is_named(known))?;
        self.user_at(*id, &reset.address)
    }

    fn email_change(&self, digest: TokenDigest, now: Timestamp) -> Option<(UserId, &PendingEmailChange)> {
        let is_good = |link: IssuedEmailChangeLink| link.digest == digest && now < link.expires_at;
        let is_named = |change: &PendingEmailChange| change.link.is_some_and(is_good);
        self.email_changes.iter().find(|(_, change)| is_named(change)).map(|(id, change)| (*id, change))
    }

    /// Takes the address for its owner's. Only the first time can what came before be somebody else's.
    fn verify(&mut self, id: UserId) -> Result<User, StorageError> {
        let user = &mut self.account_mut(id)?.user;
        let was_verified = std::mem::replace(&mut user.email_verified, true);
        let user = user.clone();
        if !was_verified {
            self.email_changes.remove(&id);
        }
        if let Some(verification) = self.verifications.get_mut(&id) {
            verification.code = None;
        }
        Ok(user)
    }

    fn exhausted(&self, redemption: &CodeRedemption) -> Option<CodeOutcome> {
        let wrong = self.wrong_codes.get(&redemption.attempts)?;
        let hour_ends_at = wrong.hour_started_at + HOUR;
        let until = (wrong.within_hour >= redemption.limits.per_hour && redemption.now < hour_ends_at)
            .then_some(hour_ends_at);
        let is_exhausted = until.is_some() || wrong.since_issued >= redemption.limits.per_code;
        is_exhausted.then_some(CodeOutcome::Exhausted { until })
    }

    fn count_wrong_code(&mut self, redemption: &CodeRedemption) {
        let now = redemption.now;
        let key = redemption.attempts;
        let unused =
            CodeAttempts { key, since_issued: 0, within_hour: 0, hour_started_at: now, last_failure_at: now };
        let wrong = self.wrong_codes.entry(key).or_insert(unused);
        if wrong.hour_started_at + HOUR <= now {
            wrong.within_hour = 0;
            wrong.hour_started_at = now;
        }
        wrong.since_issued += 1;
        wrong.within_hour += 1;
        wrong.last_failure_at = now;
    }
}
