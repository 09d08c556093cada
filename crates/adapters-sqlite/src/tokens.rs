//! [`TokenRepository`]: the digests of what is mailed, and what it comes to when it comes back.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest, PasswordReset, StorageError,
    TokenRepository, VerificationSecrets,
};
use portcullis_domain::{AttemptKey, EmailAddress, SessionId, Timestamp, TokenDigest, User, UserId};
use uuid::Uuid;

use crate::errors::Failure;
use crate::rows::{InColumn as _, UserRow};
use crate::schema::{accounts, code_attempts, email_changes, password_resets, users, verifications};
use crate::store::SqliteStore;
use crate::sweep::delete_oldest;
use crate::users::{find, find_by_address};
use crate::{lockout, mail_queue, sessions};

#[async_trait]
impl TokenRepository for SqliteStore {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |connection| issue_verification(connection, &address, &secrets)).await
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |connection| find_verification(connection, link, now)).await
    }

    async fn redeem_verification_link(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.write(move |connection| {
            let user = find_verification(connection, link, now)?;
            Ok(user.map(|user| verify(connection, user)).transpose()?)
        })
        .await
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        self.write(move |connection| redeem_verification_code(connection, &redemption)).await
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |connection| issue_password_reset(connection, &address, digest, expires_at)).await
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |connection| find_password_reset(connection, digest, now)).await
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        self.write(move |connection| redeem_password_reset(connection, &reset)).await
    }

    async fn request_email_change(&self, request: EmailChangeRequest) -> Result<(), StorageError> {
        self.write(move |connection| Ok(request_email_change(connection, &request)?)).await
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let new_address = new_address.clone();
        self.write(move |connection| issue_email_change(connection, user, &new_address, digest, expires_at))
            .await
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        self.read(move |connection| {
            let pending = find_email_change(connection, digest, now)?;
            Ok(pending.map(|pending| (pending.user, pending.new_address)))
        })
        .await
    }

    async fn redeem_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<EmailChangeOutcome, StorageError> {
        self.write(move |connection| redeem_email_change(connection, digest, now)).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(move |connection| Ok(delete_expired(connection, now, limit)?)).await
    }
}

fn issue_verification(
    connection: &mut SqliteConnection,
    address: &EmailAddress,
    secrets: &VerificationSecrets,
) -> Result<Option<User>, Failure> {
    CodeCount::begin_anew(connection, secrets.attempts)?;
    let awaits_it = |user: &User| user.is_active && !user.email_verified;
    let Some(user) = find_by_address(connection, address)?.filter(awaits_it) else {
        return Ok(None);
    };
    diesel::replace_into(verifications::table)
        .values((
            verifications::user_id.eq(user.id.uuid().into_bytes()),
            verifications::email_canonical.eq(address.canonical()),
            verifications::link.eq(secrets.link.as_bytes()),
            verifications::link_expires_at.eq(secrets.link_expires_at.unix_micros()),
            verifications::code.eq(secrets.code.as_bytes()),
            verifications::code_expires_at.eq(secrets.code_expires_at.unix_micros()),
        ))
        .execute(connection)?;
    Ok(Some(user))
}

fn find_verification(
    connection: &mut SqliteConnection,
    link: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row = verifications::table
        .inner_join(accounts::table)
        .filter(verifications::link.eq(link.as_bytes()))
        .filter(verifications::link_expires_at.gt(now.unix_micros()))
        .filter(verifications::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

/// Takes the user's address for their own, and spends the code that goes with the link.
fn verify(connection: &mut SqliteConnection, mut user: User) -> QueryResult<User> {
    let id = user.id.uuid().into_bytes();
    diesel::update(verifications::table.find(id))
        .set((verifications::code.eq(None::<&[u8]>), verifications::code_expires_at.eq(None::<i64>)))
        .execute(connection)?;
    // Only before the first time can it have been somebody else who asked for another address.
    if !user.email_verified {
        end_email_change(connection, user.id)?;
        user.email_verified = true;
        diesel::update(users::table.find(id)).set(users::email_verified.eq(true)).execute(connection)?;
    }
    Ok(user)
}

fn redeem_verification_code(
    connection: &mut SqliteConnection,
    redemption: &CodeRedemption,
) -> Result<CodeOutcome, Failure> {
    let count = CodeCount::find(connection, redemption)?;
    if let Some(exhausted) = count.exhausted(redemption) {
        Ok(exhausted)
    } else if let Some(user) = user_of_code(connection, redemption)? {
        Ok(CodeOutcome::Verified(Box::new(verify(connection, user)?)))
    } else {
        count.store_one_more(connection, redemption)?;
        Ok(CodeOutcome::Wrong)
    }
}

/// The user with the address, if the code that was mailed to it is the one that was typed.
fn user_of_code(
    connection: &mut SqliteConnection,
    redemption: &CodeRedemption,
) -> Result<Option<User>, Failure> {
    let found: Option<(UserRow, Option<Vec<u8>>)> = verifications::table
        .inner_join(accounts::table)
        .filter(accounts::email_canonical.eq(redemption.address.canonical()))
        .filter(verifications::email_canonical.eq(accounts::email_canonical))
        .filter(verifications::code_expires_at.gt(redemption.now.unix_micros()))
        .select((UserRow::as_select(), verifications::code))
        .get_result(connection)
        .optional()?;
    let Some((row, Some(mailed))) = found else {
        return Ok(None);
    };
    let is_right = redemption.code.is_some_and(|typed| typed.matches(&mailed));
    Ok(is_right.then(|| row.try_into_domain()).transpose()?)
}

/// Wrong codes for an address, as stored.
#[derive(Clone, Copy, Insertable, Queryable, Selectable)]
#[diesel(table_name = code_attempts)]
struct CodeCount {
    since_issued: i64,
    within_hour: i64,
    hour_started_at: i64,
    last_failure_at: i64,
}

impl CodeCount {
    const HOUR: Duration = Duration::from_hours(1);

    /// The count as it is at the redemption, whose moment may begin another hour.
    fn find(connection: &mut SqliteConnection, redemption: &CodeRedemption) -> QueryResult<Self> {
        let stored = code_attempts::table
            .find(redemption.attempts.as_bytes())
            .select(Self::as_select())
            .get_result(connection)
            .optional()?;
        let now = redemption.now.unix_micros();
        let unused = Self { since_issued: 0, within_hour: 0, hour_started_at: now, last_failure_at: now };
        Ok(stored.map_or(unused, |count| {
            if redemption.now < count.hour_ends_at() {
                count
            } else {
                Self { since_issued: count.since_issued, ..unused }
            }
        }))
    }

    fn hour_ends_at(self) -> Timestamp {
        Timestamp::from_unix_micros(self.hour_started_at) + Self::HOUR
    }

    fn exhausted(self, redemption: &CodeRedemption) -> Option<CodeOutcome> {
        if self.within_hour >= redemption.limits.per_hour.into() {
            Some(CodeOutcome::Exhausted { until: Some(self.hour_ends_at()) })
        } else if self.since_issued >= redemption.limits.per_code.into() {
            Some(CodeOutcome::Exhausted { until: None })
        } else {
            None
        }
    }

    fn store_one_more(
        self,
        connection: &mut SqliteConnection,
        redemption: &CodeRedemption,
    ) -> QueryResult<()> {
        let count = Self {
            since_issued: self.since_issued + 1,
            within_hour: self.within_hour + 1,
            hour_started_at: self.hour_started_at,
            last_failure_at: redemption.now.unix_micros(),
        };
        diesel::replace_into(code_attempts::table)
            .values((code_attempts::key.eq(redemption.attempts.as_bytes()), count))
            .execute(connection)?;
        Ok(())
    }

    /// Lets codes count from zero, within the same hour: another one is issued.
    fn begin_anew(connection: &mut SqliteConnection, key: AttemptKey) -> QueryResult<()> {
        diesel::update(code_attempts::table.find(key.as_bytes()))
            .set(code_attempts::since_issued.eq(0))
            .execute(connection)?;
        Ok(())
    }
}

fn issue_password_reset(
    connection: &mut SqliteConnection,
    address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let Some(user) = find_by_address(connection, address)?.filter(|user| user.is_active) else {
        return Ok(None);
    };
    diesel::replace_into(password_resets::table)
        .values((
            password_resets::user_id.eq(user.id.uuid().into_bytes()),
            password_resets::email_canonical.eq(address.canonical()),
            password_resets::digest.eq(digest.as_bytes()),
            password_resets::expires_at.eq(expires_at.unix_micros()),
        ))
        .execute(connection)?;
    Ok(Some(user))
}

fn find_password_reset(
    connection: &mut SqliteConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row = password_resets::table
        .inner_join(accounts::table)
        .filter(password_resets::digest.eq(digest.as_bytes()))
        .filter(password_resets::expires_at.gt(now.unix_micros()))
        .filter(password_resets::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

fn redeem_password_reset(connection: &mut SqliteConnection, reset: &PasswordReset) -> Result<bool, Failure> {
    let Some(user) = find_password_reset(connection, reset.digest, reset.now)? else {
        return Ok(false);
    };
    diesel::update(users::table.find(user.id.uuid().into_bytes()))
        .set((users::password_hash.eq(reset.new_hash.as_str()), users::email_verified.eq(true)))
        .execute(connection)?;
    end_all(connection, user.id)?;
    sessions::end_all(connection, user.id)?;
    lockout::forget(connection, reset.attempts)?;
    mail_queue::enqueue(connection, &reset.notice)?;
    Ok(true)
}

fn request_email_change(connection: &mut SqliteConnection, request: &EmailChangeRequest) -> QueryResult<()> {
    diesel::replace_into(email_changes::table)
        .values((
            email_changes::user_id.eq(request.user.uuid().into_bytes()),
            email_changes::session_id.eq(request.session.uuid().into_bytes()),
            email_changes::new_email.eq(request.new_address.as_str()),
            email_changes::new_email_canonical.eq(request.new_address.canonical()),
        ))
        .execute(connection)?;
    request.mails.iter().try_for_each(|mail| mail_queue::enqueue(connection, mail))
}

fn issue_email_change(
    connection: &mut SqliteConnection,
    user: UserId,
    new_address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let pending = email_changes::table
        .find(user.uuid().into_bytes())
        .filter(email_changes::new_email_canonical.eq(new_address.canonical()));
    let issued = diesel::update(pending)
        .set((
            email_changes::digest.eq(digest.as_bytes()),
            email_changes::expires_at.eq(expires_at.unix_micros()),
        ))
        .execute(connection)?;
    if issued == 0 { Ok(None) } else { find(connection, user) }
}

/// An e-mail change that its secret authorises.
struct PendingEmailChange {
    user: User,
    new_address: EmailAddress,
    asking_session: SessionId,
}

fn find_email_change(
    connection: &mut SqliteConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<PendingEmailChange>, Failure> {
    let found: Option<(UserRow, String, Vec<u8>)> = email_changes::table
        .inner_join(accounts::table)
        .filter(email_changes::digest.eq(digest.as_bytes()))
        .filter(email_changes::expires_at.gt(now.unix_micros()))
        .select((UserRow::as_select(), email_changes::new_email, email_changes::session_id))
        .get_result(connection)
        .optional()?;
    let Some((user, new_email, session)) = found else {
        return Ok(None);
    };
    Ok(Some(PendingEmailChange {
        user: user.try_into_domain()?,
        new_address: EmailAddress::parse(&new_email).in_column("email_changes.new_email")?,
        asking_session: Uuid::from_slice(&session).in_column("email_changes.session_id")?.into(),
    }))
}

fn redeem_email_change(
    connection: &mut SqliteConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<EmailChangeOutcome, Failure> {
    let Some(pending) = find_email_change(connection, digest, now)? else {
        return Ok(EmailChangeOutcome::Invalid);
    };
    let PendingEmailChange { mut user, new_address, asking_session } = pending;
    if find_by_address(connection, &new_address)?.is_some_and(|holder| holder.id != user.id) {
        return Ok(EmailChangeOutcome::EmailTaken);
    }
    user.email = new_address;
    user.email_verified = true;
    diesel::update(users::table.find(user.id.uuid().into_bytes()))
        .set((
            users::email.eq(user.email.as_str()),
            users::email_canonical.eq(user.email.canonical()),
            users::email_verified.eq(true),
        ))
        .execute(connection)?;
    end_all(connection, user.id)?;
    sessions::end_others(connection, user.id, asking_session)?;
    Ok(EmailChangeOutcome::Changed(Box::new(user)))
}

/// Ends every one-time secret of a user, and a pending change of their address.
pub(crate) fn end_all(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(verifications::table.find(user.uuid().into_bytes())).execute(connection)?;
    end_password_reset(connection, user)?;
    end_email_change(connection, user)
}

pub(crate) fn end_password_reset(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(password_resets::table.find(user.uuid().into_bytes())).execute(connection)?;
    Ok(())
}

pub(crate) fn end_email_change(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(email_changes::table.find(user.uuid().into_bytes())).execute(connection)?;
    Ok(())
}

fn delete_expired(connection: &mut SqliteConnection, now: Timestamp, limit: u32) -> QueryResult<u32> {
    let mut left = limit;
    left -= delete_oldest!(verifications, key: user_id, moment: expires_at, connection, now, left)?;
    left -= delete_oldest!(password_resets, key: user_id, moment: expires_at, connection, now, left)?;
    left -= delete_oldest!(email_changes, key: user_id, moment: expires_at, connection, now, left)?;
    Ok(limit - left)
}
