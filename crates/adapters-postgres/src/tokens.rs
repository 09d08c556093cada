//! [`TokenRepository`]: the digests of what is mailed, and what it comes to when it comes back.
//!
//! Whoever issues or redeems a user's secrets holds the user's row. So of several who redeem one secret at
//! once, each looks at what the one before has left.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest, PasswordReset, StorageError,
    TokenRepository, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};

use crate::errors::{Failure, violates};
use crate::mail_queue::{enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{InColumn as _, UserRow, user_columns};
use crate::schema::{accounts, code_attempts, email_changes, password_resets, verifications};
use crate::statement::{ColumnsOf, statement};
use crate::store::PostgresStore;
use crate::sweep::{Sweep, sweep};
use crate::transaction::locked;
use crate::users::lock_holder;

#[async_trait]
impl TokenRepository for PostgresStore {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        self.write((address.clone(), secrets), |connection, (address, secrets)| {
            issue_verification(connection, address, secrets).boxed()
        })
        .await
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read((link, now), |mut connection, (link, now)| {
            async move {
                let row: Option<UserRow> = verifications::table
                    .inner_join(accounts::table)
                    .filter(verifications::link.eq(link.as_bytes()))
                    .filter(verifications::link_expires_at.gt(Moment(*now)))
                    .filter(verifications::email_canonical.eq(accounts::email_canonical))
                    .select(UserRow::as_select())
                    .get_result(&mut connection)
                    .await
                    .optional()?;
                Ok(row.map(UserRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn redeem_verification_link(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.write((link, now), |connection, &(link, now)| {
            redeem_verification_link(connection, link, now).boxed()
        })
        .await
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        self.write(redemption, |connection, redemption| {
            redeem_verification_code(connection, redemption).boxed()
        })
        .await
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.write((address.clone(), digest, expires_at), |connection, (address, digest, expires_at)| {
            issue_password_reset(connection, address, *digest, *expires_at).boxed()
        })
        .await
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read((digest, now), |mut connection, (digest, now)| {
            async move {
                let row: Option<UserRow> = password_resets::table
                    .inner_join(accounts::table)
                    .filter(password_resets::digest.eq(digest.as_bytes()))
                    .filter(password_resets::expires_at.gt(Moment(*now)))
                    .filter(password_resets::email_canonical.eq(accounts::email_canonical))
                    .select(UserRow::as_select())
                    .get_result(&mut connection)
                    .await
                    .optional()?;
                Ok(row.map(UserRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        self.write(reset, |connection, reset| redeem_password_reset(connection, reset).boxed()).await
    }

    async fn request_email_change(&self, request: EmailChangeRequest) -> Result<(), StorageError> {
        self.write(request, |connection, request| request_email_change(connection, request).boxed()).await
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let argument = (user, new_address.clone(), digest, expires_at);
        self.write(argument, |connection, (user, new_address, digest, expires_at)| {
            issue_email_change(connection, *user, new_address, *digest, *expires_at).boxed()
        })
        .await
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        self.read((digest, now), |mut connection, (digest, now)| {
            async move {
                let pending: Option<(UserRow, String)> = email_changes::table
                    .inner_join(accounts::table)
                    .filter(email_changes::digest.eq(digest.as_bytes()))
                    .filter(email_changes::expires_at.gt(Moment(*now)))
                    .select((UserRow::as_select(), email_changes::new_email))
                    .get_result(&mut connection)
                    .await
                    .optional()?;
                let Some((user, new_email)) = pending else {
                    return Ok(None);
                };
                Ok(Some((user.try_into_domain()?, read_new_email(&new_email)?)))
            }
            .boxed()
        })
        .await
    }

    async fn redeem_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<EmailChangeOutcome, StorageError> {
        self.write((digest, now), |connection, &(digest, now)| {
            redeem_email_change(connection, digest, now).boxed()
        })
        .await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(Sweep { before: now, limit }, |connection, expired| {
            sweep(connection, DELETE_EXPIRED, expired).boxed()
        })
        .await
    }
}

const ISSUE_VERIFICATION: &str = concat!(
    "
WITH begun_anew AS (
    UPDATE code_attempts SET since_issued = 0 WHERE key = $6
), addressee AS (
    SELECT ",
    user_columns!(),
    " FROM accounts
    WHERE accounts.email_canonical = $1 AND accounts.is_active AND NOT accounts.email_verified
), issued AS (
    INSERT INTO verifications (
        user_id, email_canonical, link, link_expires_at, code, code_expires_at
    )
    SELECT addressee.id, $1, $2, $3, $4, $5 FROM addressee
    ON CONFLICT (user_id) DO UPDATE SET
        email_canonical = excluded.email_canonical,
        link = excluded.link, link_expires_at = excluded.link_expires_at,
        code = excluded.code, code_expires_at = excluded.code_expires_at
)
SELECT ",
    user_columns!(),
    " FROM addressee AS accounts"
);

async fn issue_verification(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
    secrets: &VerificationSecrets,
) -> Result<Option<User>, Failure> {
    let issue = statement(ISSUE_VERIFICATION)
        .bind::<sql::Text, _>(address.canonical())
        .bind::<sql::Binary, _>(secrets.link.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(secrets.link_expires_at))
        .bind::<sql::Binary, _>(secrets.code.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(secrets.code_expires_at))
        .bind::<sql::Binary, _>(secrets.attempts.as_bytes().as_slice())
        .returning::<UserRow>();
    locked(connection, lock_holder(connection, address), async move {
        let addressee: Option<UserRow> = issue.get_result(&mut connection).await.optional()?;
        Ok(addressee.map(UserRow::try_into_domain).transpose()?)
    })
    .await
}

/// Part of a larger statement: takes the address for that of the user in what is called `owner`, and spends
/// the code that goes with the link. Only before the first time can it have been somebody else who asked for
/// another address.
macro_rules! verify_owner {
    () => {
        concat!(
            "spent AS (
            UPDATE verifications SET code = NULL, code_expires_at = NULL
            FROM owner WHERE verifications.user_id = owner.id
        ), ended AS (
            DELETE FROM email_changes
            USING owner WHERE email_changes.user_id = owner.id AND NOT owner.email_verified
        ), verified AS (
            UPDATE accounts SET email_verified = TRUE
            FROM owner WHERE accounts.id = owner.id
            RETURNING ",
            $crate::rows::user_columns!(),
            ")"
        )
    };
}

const LOCK_OWNER_OF_LINK: &str = "
SELECT users.id FROM verifications JOIN users ON users.id = verifications.user_id
WHERE verifications.link = $1 FOR NO KEY UPDATE OF users";

const REDEEM_LINK: &str = concat!(
    "
WITH owner AS (
    SELECT users.id, users.email_verified
    FROM verifications JOIN users ON users.id = verifications.user_id
    WHERE verifications.link = $1 AND verifications.link_expires_at > $2
        AND verifications.email_canonical = users.email_canonical
), ",
    verify_owner!(),
    "
SELECT ",
    user_columns!(),
    " FROM verified AS accounts"
);

async fn redeem_verification_link(
    mut connection: &AsyncPgConnection,
    link: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let lock = statement(LOCK_OWNER_OF_LINK).bind::<sql::Binary, _>(link.as_bytes().as_slice());
    let redeem = statement(REDEEM_LINK)
        .bind::<sql::Binary, _>(link.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .returning::<UserRow>();
    locked(connection, async { lock.execute(&mut &*connection).await }, async {
        let owner: Option<UserRow> = redeem.get_result(&mut connection).await.optional()?;
        Ok(owner.map(UserRow::try_into_domain).transpose()?)
    })
    .await
}

/// Verifies by a right code, unless there were too many wrong ones; otherwise counts one more, unless there
/// were. Says which of the two it did by its row: a user, none, or no row when it was neither.
///
/// $1 the address, $2 the digest of the code, $3 the moment, $4 the key of the count, $5 and $6 the limits
/// for a code and for an hour, $7 when an hour that is over now began.
const REDEEM_CODE: &str = concat!(
    "
WITH owner AS (
    SELECT users.id, users.email_verified
    FROM users JOIN verifications ON verifications.user_id = users.id
    WHERE users.email_canonical = $1 AND verifications.email_canonical = $1
        AND verifications.code = $2 AND verifications.code_expires_at > $3
        AND NOT EXISTS (
            SELECT FROM code_attempts AS count
            WHERE count.key = $4
                AND (count.since_issued >= $5 OR (count.within_hour >= $6 AND count.hour_started_at > $7))
        )
), ",
    verify_owner!(),
    ", counted AS (
    INSERT INTO code_attempts AS count (key, since_issued, within_hour, hour_started_at, last_failure_at)
    SELECT $4, 1, 1, $3, $3 WHERE NOT EXISTS (SELECT FROM owner)
    ON CONFLICT (key) DO UPDATE SET
        since_issued = count.since_issued + 1,
        within_hour = CASE WHEN count.hour_started_at > $7 THEN count.within_hour + 1 ELSE 1 END,
        hour_started_at = CASE WHEN count.hour_started_at > $7 THEN count.hour_started_at ELSE $3 END,
        last_failure_at = $3
    WHERE count.since_issued < $5 AND (count.within_hour < $6 OR count.hour_started_at <= $7)
    RETURNING 1
)
SELECT ",
    user_columns!(),
    " FROM (SELECT 1 WHERE EXISTS (SELECT FROM owner) OR EXISTS (SELECT FROM counted)) AS done
    LEFT JOIN verified AS accounts ON TRUE"
);

async fn redeem_verification_code(
    connection: &AsyncPgConnection,
    redemption: &CodeRedemption,
) -> Result<CodeOutcome, Failure> {
    const HOUR: Duration = Duration::from_hours(1);
    let CodeRedemption { address, code, attempts, limits, now } = redemption;
    let redeem = statement(REDEEM_CODE)
        .bind::<sql::Text, _>(address.canonical())
        .bind::<sql::Nullable<sql::Binary>, _>(code.as_ref().map(|code| code.as_bytes().as_slice()))
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice())
        .bind::<sql::BigInt, _>(i64::from(limits.per_code))
        .bind::<sql::BigInt, _>(i64::from(limits.per_hour))
        .bind::<sql::Timestamptz, _>(Moment(*now - HOUR))
        .returning::<Option<UserRow>>();
    let count = code_attempts::table
        .find(attempts.as_bytes().as_slice())
        .select((code_attempts::within_hour, code_attempts::hour_started_at));
    let (done, count) = locked(connection, lock_holder(connection, address), async {
        let redeem = async { redeem.get_result::<Option<UserRow>>(&mut &*connection).await.optional() };
        let count = async { count.get_result::<(i64, Moment)>(&mut &*connection).await.optional() };
        Ok(try_join!(redeem, count)?)
    })
    .await?;
    Ok(match done {
        Some(Some(user)) => CodeOutcome::Verified(Box::new(user.try_into_domain()?)),
        Some(None) => CodeOutcome::Wrong,
        None => {
            let (within_hour, Moment(hour_started_at)) = count.ok_or(Failure::Overtaken)?;
            let hour_ends_at = hour_started_at + HOUR;
            let is_hour_spent = within_hour >= limits.per_hour.into() && *now < hour_ends_at;
            CodeOutcome::Exhausted { until: is_hour_spent.then_some(hour_ends_at) }
        }
    })
}

const ISSUE_PASSWORD_RESET: &str = concat!(
    "
WITH addressee AS (
    SELECT ",
    user_columns!(),
    " FROM accounts WHERE accounts.email_canonical = $1 AND accounts.is_active
), issued AS (
    INSERT INTO password_resets (user_id, email_canonical, digest, expires_at)
    SELECT addressee.id, $1, $2, $3 FROM addressee
    ON CONFLICT (user_id) DO UPDATE SET
        email_canonical = excluded.email_canonical, digest = excluded.digest, expires_at = excluded.expires_at
)
SELECT ",
    user_columns!(),
    " FROM addressee AS accounts"
);

async fn issue_password_reset(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let issue = statement(ISSUE_PASSWORD_RESET)
        .bind::<sql::Text, _>(address.canonical())
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(expires_at))
        .returning::<UserRow>();
    locked(connection, lock_holder(connection, address), async {
        let addressee: Option<UserRow> = issue.get_result(&mut connection).await.optional()?;
        Ok(addressee.map(UserRow::try_into_domain).transpose()?)
    })
    .await
}

const LOCK_OWNER_OF_RESET: &str = "
SELECT users.id FROM password_resets JOIN users ON users.id = password_resets.user_id
WHERE password_resets.digest = $1 FOR NO KEY UPDATE OF users";

const REDEEM_PASSWORD_RESET: &str = concat!(
    "
WITH spent AS (
    DELETE FROM password_resets USING users
    WHERE password_resets.digest = $8 AND password_resets.expires_at > $9
        AND users.id = password_resets.user_id AND users.email_canonical = password_resets.email_canonical
    RETURNING password_resets.user_id
), changed AS (
    UPDATE users SET password_hash = $10, email_verified = TRUE FROM spent WHERE users.id = spent.user_id
), ended_sessions AS (
    DELETE FROM sessions USING spent WHERE sessions.user_id = spent.user_id
), ended_verification AS (
    DELETE FROM verifications USING spent WHERE verifications.user_id = spent.user_id
), ended_email_change AS (
    DELETE FROM email_changes USING spent WHERE email_changes.user_id = spent.user_id
), forgotten AS (
    DELETE FROM password_attempts USING spent WHERE password_attempts.key = $11
), queued AS (",
    enqueue_if_any!("spent"),
    ")
SELECT spent.user_id FROM spent"
);

async fn redeem_password_reset(
    mut connection: &AsyncPgConnection,
    reset: &PasswordReset,
) -> Result<bool, Failure> {
    let PasswordReset { digest, now, new_hash, attempts, notice } = reset;
    let lock = statement(LOCK_OWNER_OF_RESET).bind::<sql::Binary, _>(digest.as_bytes().as_slice());
    let redeem = with_mails(REDEEM_PASSWORD_RESET, std::slice::from_ref(notice))
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .bind::<sql::Text, _>(new_hash.as_str())
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice());
    locked(connection, async { lock.execute(&mut &*connection).await }, async {
        Ok(redeem.execute(&mut connection).await? == 1)
    })
    .await
}

const REQUEST_EMAIL_CHANGE: &str = concat!(
    "
WITH asking AS (
    SELECT users.id FROM users WHERE users.id = $8 FOR NO KEY UPDATE
), pending AS (
    INSERT INTO email_changes (user_id, session_id, new_email, new_email_canonical)
    SELECT asking.id, $9, $10, $11 FROM asking
    ON CONFLICT (user_id) DO UPDATE SET
        session_id = excluded.session_id,
        new_email = excluded.new_email, new_email_canonical = excluded.new_email_canonical,
        digest = NULL, expires_at = NULL
), queued AS (",
    enqueue_if_any!("asking"),
    ")
SELECT asking.id FROM asking"
);

async fn request_email_change(
    mut connection: &AsyncPgConnection,
    request: &EmailChangeRequest,
) -> Result<(), Failure> {
    with_mails(REQUEST_EMAIL_CHANGE, &request.mails)
        .bind::<sql::Uuid, _>(request.user.uuid())
        .bind::<sql::Uuid, _>(request.session.uuid())
        .bind::<sql::Text, _>(request.new_address.as_str())
        .bind::<sql::Text, _>(request.new_address.canonical())
        .execute(&mut connection)
        .await?;
    Ok(())
}

const ISSUE_EMAIL_CHANGE: &str = concat!(
    "
WITH issued AS (
    UPDATE email_changes SET digest = $3, expires_at = $4
    WHERE email_changes.user_id = $1 AND email_changes.new_email_canonical = $2
    RETURNING email_changes.user_id
)
SELECT ",
    user_columns!(),
    " FROM issued JOIN accounts ON accounts.id = issued.user_id"
);

async fn issue_email_change(
    mut connection: &AsyncPgConnection,
    user: UserId,
    new_address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let issued: Option<UserRow> = statement(ISSUE_EMAIL_CHANGE)
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Text, _>(new_address.canonical())
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(expires_at))
        .returning::<UserRow>()
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(issued.map(UserRow::try_into_domain).transpose()?)
}

fn read_new_email(text: &str) -> Result<EmailAddress, Failure> {
    Ok(EmailAddress::parse(text).in_column("email_changes.new_email")?)
}

const LOCK_OWNER_OF_EMAIL_CHANGE: &str = "
SELECT users.id FROM email_changes JOIN users ON users.id = email_changes.user_id
WHERE email_changes.digest = $1 FOR NO KEY UPDATE OF users";

const REDEEM_EMAIL_CHANGE: &str = concat!(
    "
WITH pending AS (
    SELECT email_changes.*, EXISTS (
        SELECT FROM users
        WHERE users.email_canonical = email_changes.new_email_canonical AND users.id <> email_changes.user_id
    ) AS is_taken
    FROM email_changes WHERE email_changes.digest = $1 AND email_changes.expires_at > $2
), changed AS (
    UPDATE users
    SET email = pending.new_email, email_canonical = pending.new_email_canonical, email_verified = TRUE
    FROM pending WHERE users.id = pending.user_id AND NOT pending.is_taken
    RETURNING users.id, pending.session_id
), ended_sessions AS (
    DELETE FROM sessions
    USING changed WHERE sessions.user_id = changed.id AND sessions.id <> changed.session_id
), ended_verification AS (
    DELETE FROM verifications USING changed WHERE verifications.user_id = changed.id
), ended_reset AS (
    DELETE FROM password_resets USING changed WHERE password_resets.user_id = changed.id
), spent AS (
    DELETE FROM email_changes USING changed WHERE email_changes.user_id = changed.id
)
SELECT ",
    user_columns!(),
    ", pending.new_email, pending.is_taken
FROM pending JOIN accounts ON accounts.id = pending.user_id"
);

async fn redeem_email_change(
    mut connection: &AsyncPgConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<EmailChangeOutcome, Failure> {
    let lock = statement(LOCK_OWNER_OF_EMAIL_CHANGE).bind::<sql::Binary, _>(digest.as_bytes().as_slice());
    let redeem = statement(REDEEM_EMAIL_CHANGE)
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .returning_columns::<(ColumnsOf<UserRow>, sql::Text, sql::Bool)>();
    let redeemed = locked(connection, async { lock.execute(&mut &*connection).await }, async {
        Ok(redeem.get_result::<(UserRow, String, bool)>(&mut connection).await.optional()?)
    });
    match redeemed.await {
        // Somebody took the address while this one looked.
        Err(failure) if violates(&failure, "users_email") => Ok(EmailChangeOutcome::EmailTaken),
        Err(failure) => Err(failure),
        Ok(None) => Ok(EmailChangeOutcome::Invalid),
        Ok(Some((_, _, true))) => Ok(EmailChangeOutcome::EmailTaken),
        Ok(Some((user, new_email, false))) => {
            let user =
                User { email: read_new_email(&new_email)?, email_verified: true, ..user.try_into_domain()? };
            Ok(EmailChangeOutcome::Changed(Box::new(user)))
        }
    }
}

const DELETE_EXPIRED: &str = "
WITH ended_verifications AS (
    DELETE FROM verifications WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM verifications WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
), ended_resets AS (
    DELETE FROM password_resets WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM password_resets WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 - (SELECT count(*) FROM ended_verifications) FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
), ended AS (
    SELECT (SELECT count(*) FROM ended_verifications) + (SELECT count(*) FROM ended_resets) AS count
), ended_email_changes AS (
    DELETE FROM email_changes WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM email_changes WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 - (SELECT count FROM ended) FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT (SELECT count FROM ended) + (SELECT count(*) FROM ended_email_changes)";
