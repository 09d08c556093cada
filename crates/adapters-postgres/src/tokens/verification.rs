use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, LinkRedemption, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};
use uuid::Uuid;

use crate::audit_trail::{store_event_if_any, store_second_event_if_any, with_event};
use crate::errors::Failure;
use crate::locks::lock_holder;
use crate::moment::Moment;
use crate::rows::{UserRow, user_columns};
use crate::schema::{accounts, code_attempts, verifications};
use crate::statement::{ColumnsOf, statement};
use crate::transaction::locked;

const ISSUE: &str = concat!(
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

pub(super) async fn issue(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
    secrets: &VerificationSecrets,
) -> Result<Option<User>, Failure> {
    let issue = statement(ISSUE)
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

pub(super) async fn find(
    mut connection: &AsyncPgConnection,
    link: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row: Option<UserRow> = verifications::table
        .inner_join(accounts::table)
        .filter(verifications::link.eq(link.as_bytes()))
        .filter(verifications::link_expires_at.gt(Moment(now)))
        .filter(verifications::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
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

/// A user, and then what hangs on them: see [`crate::locks`].
const LOCK_OWNER_OF_LINK: &str = "
SELECT users.id FROM verifications JOIN users ON users.id = verifications.user_id
WHERE verifications.link = $1 FOR NO KEY UPDATE OF users";

/// Says whether the user was verified before.
const REDEEM_LINK: &str = concat!(
    "
WITH owner AS (
    SELECT users.id, users.email_verified
    FROM verifications JOIN users ON users.id = verifications.user_id
    WHERE verifications.link = $10 AND verifications.link_expires_at > $11
        AND verifications.email_canonical = users.email_canonical
), ",
    verify_owner!(),
    ", newcomer AS (
    SELECT owner.id FROM owner WHERE NOT owner.email_verified
), told AS (",
    store_event_if_any!("newcomer", about "newcomer.id"),
    ")
SELECT ",
    user_columns!(),
    ", owner.email_verified FROM verified AS accounts JOIN owner ON owner.id = accounts.id"
);

pub(super) async fn redeem_link(
    mut connection: &AsyncPgConnection,
    redemption: &LinkRedemption,
) -> Result<VerificationOutcome, Failure> {
    let LinkRedemption { digest, now, event } = redemption;
    let lock = statement(LOCK_OWNER_OF_LINK).bind::<sql::Binary, _>(digest.as_bytes().as_slice());
    let redeem = with_event(statement(REDEEM_LINK), event)
        .bind::<sql::Binary, _>(digest.as_bytes().as_slice())
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .returning_columns::<(ColumnsOf<UserRow>, sql::Bool)>();
    let owner: Option<(UserRow, bool)> =
        locked(connection, async { lock.execute(&mut &*connection).await }, async {
            Ok(redeem.get_result(&mut connection).await.optional()?)
        })
        .await?;
    Ok(match owner {
        None => VerificationOutcome::Invalid,
        Some((user, true)) => VerificationOutcome::VerifiedBefore(Box::new(user.try_into_domain()?)),
        Some((user, false)) => VerificationOutcome::Verified(Box::new(user.try_into_domain()?)),
    })
}

/// Verifies by a right code, unless there were too many wrong ones; otherwise counts one more, unless there
/// were. Says which of the two it did by its row: a user, none, or no row when it was neither; and who has the
/// address.
///
/// $19 the address, $20 the digest of the code, $21 the moment, $22 the key of the count, $23 and $24 the limits
/// for a code and for an hour, $25 when an hour that is over now began.
const REDEEM_CODE: &str = concat!(
    "
WITH holder AS (
    SELECT users.id FROM users WHERE users.email_canonical = $19
), owner AS (
    SELECT users.id, users.email_verified
    FROM users JOIN verifications ON verifications.user_id = users.id
    WHERE users.email_canonical = $19 AND verifications.email_canonical = $19
        AND verifications.code = $20 AND verifications.code_expires_at > $21
        AND NOT EXISTS (
            SELECT FROM code_attempts AS count
            WHERE count.key = $22
                AND (count.since_issued >= $23 OR (count.within_hour >= $24 AND count.hour_started_at > $25))
        )
), ",
    verify_owner!(),
    ", told AS (",
    store_event_if_any!("owner", about "owner.id"),
    "), counted AS (
    INSERT INTO code_attempts AS count (key, since_issued, within_hour, hour_started_at, last_failure_at)
    SELECT $22, 1, 1, $21, $21 WHERE NOT EXISTS (SELECT FROM owner)
    ON CONFLICT (key) DO UPDATE SET
        since_issued = count.since_issued + 1,
        within_hour = CASE WHEN count.hour_started_at > $25 THEN count.within_hour + 1 ELSE 1 END,
        hour_started_at = CASE WHEN count.hour_started_at > $25 THEN count.hour_started_at ELSE $21 END,
        last_failure_at = $21
    WHERE count.since_issued < $23 AND (count.within_hour < $24 OR count.hour_started_at <= $25)
    RETURNING 1
), missed AS (
    SELECT holder.id FROM counted LEFT JOIN holder ON TRUE
), miss_told AS (",
    store_second_event_if_any!("missed", about "missed.id"),
    ")
SELECT ",
    user_columns!(),
    ", holder.id FROM (SELECT 1 WHERE EXISTS (SELECT FROM owner) OR EXISTS (SELECT FROM counted)) AS done
    LEFT JOIN verified AS accounts ON TRUE LEFT JOIN holder ON TRUE"
);

pub(super) async fn redeem_code(
    connection: &AsyncPgConnection,
    redemption: &CodeRedemption,
) -> Result<CodeOutcome, Failure> {
    const HOUR: Duration = Duration::from_hours(1);
    let CodeRedemption { address, code, attempts, limits, now, event, failure } = redemption;
    let redeem = with_event(with_event(statement(REDEEM_CODE), event), failure)
        .bind::<sql::Text, _>(address.canonical())
        .bind::<sql::Nullable<sql::Binary>, _>(code.as_ref().map(|code| code.as_bytes().as_slice()))
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice())
        .bind::<sql::BigInt, _>(i64::from(limits.per_code))
        .bind::<sql::BigInt, _>(i64::from(limits.per_hour))
        .bind::<sql::Timestamptz, _>(Moment(*now - HOUR))
        .returning_columns::<(ColumnsOf<Option<UserRow>>, sql::Nullable<sql::Uuid>)>();
    let count = code_attempts::table
        .find(attempts.as_bytes().as_slice())
        .select((code_attempts::within_hour, code_attempts::hour_started_at));
    let (done, count) = locked(connection, lock_holder(connection, address), async {
        let redeem = async {
            redeem.get_result::<(Option<UserRow>, Option<Uuid>)>(&mut &*connection).await.optional()
        };
        let count = async { count.get_result::<(i64, Moment)>(&mut &*connection).await.optional() };
        Ok(try_join!(redeem, count)?)
    })
    .await?;
    Ok(match done {
        Some((Some(user), _)) => CodeOutcome::Verified(Box::new(user.try_into_domain()?)),
        Some((None, holder)) => CodeOutcome::Wrong(holder.map(UserId::from)),
        None => {
            let (within_hour, Moment(hour_started_at)) = count.ok_or(Failure::Overtaken)?;
            let hour_ends_at = hour_started_at + HOUR;
            let is_hour_spent = within_hour >= limits.per_hour.into() && *now < hour_ends_at;
            CodeOutcome::Exhausted { until: is_hour_spent.then_some(hour_ends_at) }
        }
    })
}
