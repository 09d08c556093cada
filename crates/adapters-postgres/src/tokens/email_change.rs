use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use portcullis_domain::ports::{
    EmailChangeOutcome, EmailChangeRefusal, EmailChangeRequest, EmailChangeRequestOutcome, LinkRedemption,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};
use uuid::Uuid;

use crate::audit_trail::{store_event_if_any, with_event};
use crate::errors::{Failure, violates};
use crate::locks::lock_usable;
use crate::mail_queue::{enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{InColumn as _, UserRow, user_columns};
use crate::schema::{accounts, email_changes, users};
use crate::statement::{ColumnsOf, statement};
use crate::transaction::{begin, commit, locked, or_roll_back};

/// Looks, decides and changes in two round trips for every address, so that the time it takes does not tell which
/// ones have an account.
pub(super) async fn request(
    connection: &AsyncPgConnection,
    request: &EmailChangeRequest,
) -> Result<EmailChangeRequestOutcome, Failure> {
    let EmailChangeRequest { user, new_address, verified_hash, if_taken, .. } = request;
    or_roll_back(connection, async {
        let lock = async { lock_usable(connection, *user, verified_hash).await.map_err(Failure::from) };
        let holder = find_holder(connection, new_address);
        let ((), is_usable, holder) = try_join!(begin(connection), lock, holder)?;
        let is_taken = holder.is_some_and(|holder| holder != user.uuid());
        match if_taken {
            _ if !is_usable => {
                commit(connection).await?;
                Ok(EmailChangeRequestOutcome::Refused)
            }
            _ if !is_taken => {
                try_join!(await_confirmation(connection, request), commit(connection))?;
                Ok(EmailChangeRequestOutcome::Requested)
            }
            Some(refusal) => {
                try_join!(refuse(connection, *user, refusal), commit(connection))?;
                Ok(EmailChangeRequestOutcome::OwnerTold)
            }
            None => {
                commit(connection).await?;
                Ok(EmailChangeRequestOutcome::EmailTaken)
            }
        }
    })
    .await
}

const AWAIT_CONFIRMATION: &str = concat!(
    "
WITH pending AS (
    INSERT INTO email_changes (user_id, session_id, new_email, new_email_canonical)
    VALUES ($17, $18, $19, $20)
    ON CONFLICT (user_id) DO UPDATE SET
        session_id = excluded.session_id,
        new_email = excluded.new_email, new_email_canonical = excluded.new_email_canonical,
        digest = NULL, expires_at = NULL
    RETURNING email_changes.user_id AS id
), queued AS (",
    enqueue_if_any!("pending"),
    "), told AS (",
    store_event_if_any!("pending"),
    ")
SELECT pending.id FROM pending"
);

async fn await_confirmation(
    mut connection: &AsyncPgConnection,
    request: &EmailChangeRequest,
) -> Result<(), Failure> {
    with_mails(with_event(statement(AWAIT_CONFIRMATION), &request.event), &request.mails)
        .bind::<sql::Uuid, _>(request.user.uuid())
        .bind::<sql::Uuid, _>(request.session.uuid())
        .bind::<sql::Text, _>(request.new_address.as_str())
        .bind::<sql::Text, _>(request.new_address.canonical())
        .execute(&mut connection)
        .await?;
    Ok(())
}

const REFUSE: &str = concat!(
    "
WITH asking AS (
    SELECT users.id FROM users WHERE users.id = $17
), ended AS (
    DELETE FROM email_changes USING asking WHERE email_changes.user_id = asking.id
), queued AS (",
    enqueue_if_any!("asking"),
    "), told AS (",
    store_event_if_any!("asking"),
    ")
SELECT asking.id FROM asking"
);

async fn refuse(
    mut connection: &AsyncPgConnection,
    user: UserId,
    refusal: &EmailChangeRefusal,
) -> Result<(), Failure> {
    with_mails(with_event(statement(REFUSE), &refusal.event), &refusal.mails)
        .bind::<sql::Uuid, _>(user.uuid())
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// The account that has an address.
async fn find_holder(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
) -> Result<Option<Uuid>, Failure> {
    let holder = users::table.filter(users::email_canonical.eq(address.canonical())).select(users::id);
    Ok(holder.get_result(&mut connection).await.optional()?)
}

const ISSUE: &str = concat!(
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

pub(super) async fn issue(
    mut connection: &AsyncPgConnection,
    user: UserId,
    new_address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let issued: Option<UserRow> = statement(ISSUE)
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

pub(super) async fn find(
    mut connection: &AsyncPgConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<(User, EmailAddress)>, Failure> {
    let pending: Option<(UserRow, String)> = email_changes::table
        .inner_join(accounts::table)
        .filter(email_changes::digest.eq(digest.as_bytes()))
        .filter(email_changes::expires_at.gt(Moment(now)))
        .select((UserRow::as_select(), email_changes::new_email))
        .get_result(&mut connection)
        .await
        .optional()?;
    let Some((user, new_email)) = pending else {
        return Ok(None);
    };
    Ok(Some((user.try_into_domain()?, read_new_email(&new_email)?)))
}

fn read_new_email(text: &str) -> Result<EmailAddress, Failure> {
    Ok(EmailAddress::parse(text).in_column("email_changes.new_email")?)
}

/// A user, and then what hangs on them: see [`crate::locks`].
const LOCK_OWNER: &str = "
SELECT users.id FROM email_changes JOIN users ON users.id = email_changes.user_id
WHERE email_changes.digest = $1 FOR NO KEY UPDATE OF users";

const REDEEM: &str = concat!(
    "
WITH pending AS (
    SELECT email_changes.*, EXISTS (
        SELECT FROM users
        WHERE users.email_canonical = email_changes.new_email_canonical AND users.id <> email_changes.user_id
    ) AS is_taken
    FROM email_changes WHERE email_changes.digest = $10 AND email_changes.expires_at > $11
), changed AS (
    UPDATE users
    SET email = pending.new_email, email_canonical = pending.new_email_canonical, email_verified = TRUE,
        updated_at = $11
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
), told AS (",
    store_event_if_any!("changed", about "changed.id"),
    ")
SELECT ",
    user_columns!(),
    ", pending.new_email, pending.is_taken
FROM pending JOIN accounts ON accounts.id = pending.user_id"
);

pub(super) async fn redeem(
    mut connection: &AsyncPgConnection,
    redemption: &LinkRedemption,
) -> Result<EmailChangeOutcome, Failure> {
    let LinkRedemption { digest, now, event } = redemption;
    let lock = statement(LOCK_OWNER).bind::<sql::Binary, _>(digest.as_bytes().as_slice());
    let redeem = with_event(statement(REDEEM), event)
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(*now))
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
            let email = read_new_email(&new_email)?;
            let updated_at = Some(*now);
            let user = User { email, email_verified: true, updated_at, ..user.try_into_domain()? };
            Ok(EmailChangeOutcome::Changed(Box::new(user)))
        }
    }
}
