use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portcullis_domain::ports::PasswordReset;
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::errors::Failure;
use crate::locks::lock_holder;
use crate::mail_queue::{enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{UserRow, user_columns};
use crate::schema::{accounts, password_resets};
use crate::statement::statement;
use crate::transaction::locked;

const ISSUE: &str = concat!(
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

pub(super) async fn issue(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let issue = statement(ISSUE)
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

pub(super) async fn find(
    mut connection: &AsyncPgConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row: Option<UserRow> = password_resets::table
        .inner_join(accounts::table)
        .filter(password_resets::digest.eq(digest.as_bytes()))
        .filter(password_resets::expires_at.gt(Moment(now)))
        .filter(password_resets::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

/// A user, and then what hangs on them: see [`crate::locks`].
const LOCK_OWNER: &str = "
SELECT users.id FROM password_resets JOIN users ON users.id = password_resets.user_id
WHERE password_resets.digest = $1 FOR NO KEY UPDATE OF users";

const REDEEM: &str = concat!(
    "
WITH spent AS (
    DELETE FROM password_resets USING users
    WHERE password_resets.digest = $17 AND password_resets.expires_at > $18
        AND users.id = password_resets.user_id AND users.email_canonical = password_resets.email_canonical
    RETURNING password_resets.user_id
), changed AS (
    UPDATE users SET password_hash = $19, email_verified = TRUE FROM spent WHERE users.id = spent.user_id
), ended_sessions AS (
    DELETE FROM sessions USING spent WHERE sessions.user_id = spent.user_id
), ended_verification AS (
    DELETE FROM verifications USING spent WHERE verifications.user_id = spent.user_id
), ended_email_change AS (
    DELETE FROM email_changes USING spent WHERE email_changes.user_id = spent.user_id
), forgotten AS (
    DELETE FROM password_attempts USING spent WHERE password_attempts.key = $20
), queued AS (",
    enqueue_if_any!("spent"),
    "), told AS (",
    store_event_if_any!("spent"),
    ")
SELECT spent.user_id FROM spent"
);

pub(super) async fn redeem(
    mut connection: &AsyncPgConnection,
    reset: &PasswordReset,
) -> Result<bool, Failure> {
    let PasswordReset { digest, now, new_hash, attempts, notice, event } = reset;
    let lock = statement(LOCK_OWNER).bind::<sql::Binary, _>(digest.as_bytes().as_slice());
    let redeem = with_mails(with_event(statement(REDEEM), event), std::slice::from_ref(notice))
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .bind::<sql::Text, _>(new_hash.as_str())
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice());
    locked(connection, async { lock.execute(&mut &*connection).await }, async {
        Ok(redeem.execute(&mut connection).await? == 1)
    })
    .await
}
