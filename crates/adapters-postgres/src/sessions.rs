//! [`SessionRepository`]: what logins open, refreshes prolong and logouts end.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::ports::{
    EndAllOutcome, OpenOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening, SessionRepository,
    SessionsEnding, StorageError,
};
use portcullis_domain::{Principal, Session, SessionId, Timestamp, UserAgent, UserId};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::authority::{covers_user, with_authority};
use crate::errors::Failure;
use crate::lockout::locked_until;
use crate::moment::Moment;
use crate::rows::{CallerRow, PrincipalRow, SessionRow, caller_columns, principal_columns};
use crate::schema::sessions;
use crate::statement::{Statement, statement};
use crate::store::PostgresStore;
use crate::sweep::{Sweep, sweep};

#[async_trait]
impl SessionRepository for PostgresStore {
    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        self.write(opening, |connection, opening| open(connection, opening).boxed()).await
    }

    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError> {
        self.look_up((id, now), |connection, &(id, now)| principal(connection, id, now).boxed()).await
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        self.write(rotation, |connection, rotation| rotate(connection, rotation).boxed()).await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        self.read((user, now), |mut connection, &(user, now)| {
            async move {
                let rows: Vec<SessionRow> = sessions::table
                    .filter(sessions::user_id.eq(user.uuid()))
                    .filter(sessions::expires_at.gt(Moment(now)))
                    .order((sessions::created_at.desc(), sessions::id.desc()))
                    .select(SessionRow::as_select())
                    .load(&mut connection)
                    .await?;
                Ok(rows.into_iter().map(SessionRow::try_into_domain).collect::<Result<_, _>>()?)
            }
            .boxed()
        })
        .await
    }

    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError> {
        self.write(ending, |connection, ending| end(connection, ending).boxed()).await
    }

    async fn end_all(&self, ending: SessionsEnding) -> Result<EndAllOutcome, StorageError> {
        self.write(ending, |connection, ending| end_all(connection, ending).boxed()).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(Sweep { before: now, limit }, |connection, expired| {
            sweep(connection, DELETE_EXPIRED, expired).boxed()
        })
        .await
    }
}

/// Who changes the password, or makes the account unusable, holds the user's row. This statement waits for
/// it and then looks again, or holds it first, and is then among what they end. The same with the count of wrong
/// passwords, and who adds to it.
///
/// $21 where these are counted.
const OPEN: &str = concat!(
    "
WITH held AS MATERIALIZED (
    SELECT users.id FROM users WHERE users.id = $10 FOR NO KEY UPDATE
), count AS MATERIALIZED (
    SELECT attempts.key, attempts.locked_until > $15 AS locks FROM held, password_attempts AS attempts
    WHERE attempts.key = $21 FOR UPDATE OF attempts
), noted AS (
    UPDATE accounts SET last_login_at = $15, password_hash = $12
    WHERE accounts.id = $10 AND accounts.is_active AND accounts.password_hash = $11
        AND NOT EXISTS (SELECT FROM count WHERE count.locks)
    RETURNING ",
    caller_columns!(),
    "
), forgotten AS (
    DELETE FROM password_attempts USING noted WHERE key = (SELECT count.key FROM count)
), opened AS (
    INSERT INTO sessions (
        user_id, id, generation, created_at, last_used_at, expires_at, ends_at, ip, user_agent
    )
    SELECT noted.id, $13, $14, $15, $16, $17, $18, $19, $20 FROM noted
), told AS (",
    store_event_if_any!("noted"),
    ")
SELECT ",
    caller_columns!(),
    " FROM noted AS accounts"
);

async fn open(mut connection: &AsyncPgConnection, opening: &SessionOpening) -> Result<OpenOutcome, Failure> {
    let SessionOpening { session, attempts, verified_hash, renewed_hash, event } = opening;
    let open = with_event(statement(OPEN), event)
        .bind::<sql::Uuid, _>(session.user_id.uuid())
        .bind::<sql::Text, _>(verified_hash.as_str())
        .bind::<sql::Text, _>(renewed_hash.as_ref().unwrap_or(verified_hash).as_str());
    let caller: Option<CallerRow> = with_session(open, Some(session))
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice())
        .returning::<CallerRow>()
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(match caller {
        Some(caller) => OpenOutcome::Opened(Box::new(caller.calling_with(session.clone())?)),
        None => match locked_until(connection, *attempts, session.created_at).await? {
            Some(until) => OpenOutcome::Locked { until },
            None => OpenOutcome::Refused,
        },
    })
}

/// Gives the next eight placeholders the values of a session, or of none: its id, generation, the moments
/// of its opening, last use, expiry and end, its address and its user agent.
pub(crate) fn with_session<'a>(statement: Statement<'a>, session: Option<&'a Session>) -> Statement<'a> {
    type Maybe<T> = sql::Nullable<T>;
    let moment = |of: fn(&Session) -> Timestamp| session.map(|session| Moment(of(session)));
    statement
        .bind::<Maybe<sql::Uuid>, _>(session.map(|session| session.id.uuid()))
        .bind::<Maybe<sql::BigInt>, _>(session.map(|session| i64::from(session.generation.number())))
        .bind::<Maybe<sql::Timestamptz>, _>(moment(|session| session.created_at))
        .bind::<Maybe<sql::Timestamptz>, _>(moment(|session| session.last_used_at))
        .bind::<Maybe<sql::Timestamptz>, _>(moment(|session| session.expires_at))
        .bind::<Maybe<sql::Timestamptz>, _>(moment(|session| session.ends_at))
        .bind::<Maybe<sql::Text>, _>(session.and_then(|session| session.client.ip).map(|ip| ip.to_string()))
        .bind::<Maybe<sql::Text>, _>(
            session.and_then(|session| session.client.user_agent.as_ref()).map(UserAgent::as_str),
        )
}

const PRINCIPAL: &str = concat!(
    "SELECT ",
    principal_columns!(),
    " FROM sessions JOIN accounts ON accounts.id = sessions.user_id
WHERE sessions.id = $1 AND sessions.expires_at > $2 AND accounts.is_active"
);

pub(crate) async fn principal(
    mut connection: &AsyncPgConnection,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<Principal>, Failure> {
    let row: Option<PrincipalRow> = statement(PRINCIPAL)
        .bind::<sql::Uuid, _>(id.uuid())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .returning::<PrincipalRow>()
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(row.map(PrincipalRow::try_into_domain).transpose()?)
}

/// Compares the generation and sets the next one. Of several at once the first one finds its generation
/// current; the others wait for it, look again, and find it spent.
const ROTATE: &str = concat!(
    "
UPDATE sessions SET generation = $3, last_used_at = $4, expires_at = least($5, sessions.ends_at)
FROM accounts
WHERE sessions.id = $1 AND sessions.generation = $2 AND sessions.expires_at > $4
    AND accounts.id = sessions.user_id AND accounts.is_active
RETURNING ",
    principal_columns!()
);

/// Ends a session whose token was spent before, unless somebody has.
const END_REUSED: &str = concat!(
    "
WITH ended AS (
    DELETE FROM sessions WHERE sessions.id = $10 RETURNING sessions.user_id
), told AS (",
    store_event_if_any!("ended", about "ended.user_id"),
    ")
SELECT ended.user_id FROM ended"
);

async fn rotate(mut connection: &AsyncPgConnection, rotation: &Rotation) -> Result<RotationOutcome, Failure> {
    let &Rotation { session: id, generation, now, lifetime, grace, ref reuse } = rotation;
    let rotated: Option<PrincipalRow> = statement(ROTATE)
        .bind::<sql::Uuid, _>(id.uuid())
        .bind::<sql::BigInt, _>(i64::from(generation.number()))
        .bind::<sql::BigInt, _>(i64::from(generation.next().number()))
        .bind::<sql::Timestamptz, _>(Moment(now))
        .bind::<sql::Timestamptz, _>(Moment(now + lifetime.idle))
        .returning::<PrincipalRow>()
        .get_result(&mut connection)
        .await
        .optional()?;
    if let Some(rotated) = rotated {
        return Ok(RotationOutcome::Current(Box::new(rotated.try_into_domain()?)));
    }
    // No lock is needed to judge a generation that is spent: it never becomes current again, and what is
    // theft now is theft ever after.
    let Some(principal) = principal(connection, id, now).await? else {
        return Ok(RotationOutcome::Unknown);
    };
    let session = &principal.session;
    if generation == session.generation {
        Err(Failure::Overtaken)
    } else if generation > session.generation {
        Ok(RotationOutcome::Unknown)
    } else if generation.next() == session.generation && now.since(session.last_used_at) < grace {
        Ok(RotationOutcome::Current(Box::new(principal)))
    } else {
        let end = with_event(statement(END_REUSED), reuse).bind::<sql::Uuid, _>(id.uuid());
        let is_first_to_see = end.execute(&mut connection).await? == 1;
        Ok(if is_first_to_see {
            RotationOutcome::Reused(principal.user.id)
        } else {
            RotationOutcome::Unknown
        })
    }
}

const END: &str = concat!(
    "
WITH ended AS (
    DELETE FROM sessions WHERE sessions.id = $10 AND sessions.user_id = $11 AND sessions.expires_at > $12
    RETURNING sessions.id
), told AS (",
    store_event_if_any!("ended"),
    ")
SELECT ended.id FROM ended"
);

async fn end(mut connection: &AsyncPgConnection, ending: &SessionEnding) -> Result<bool, Failure> {
    let SessionEnding { user, session, now, event } = ending;
    let end = with_event(statement(END), event)
        .bind::<sql::Uuid, _>(session.uuid())
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Timestamptz, _>(Moment(*now));
    Ok(end.execute(&mut connection).await? == 1)
}

/// Ends the sessions of a user who is covered, and says whether they are.
const END_ALL: &str = concat!(
    "
WITH found AS (
    SELECT accounts.id, ",
    covers_user!("$11"),
    " AS is_covered FROM accounts WHERE accounts.id = $10
), covered AS (
    SELECT found.id FROM found WHERE found.is_covered
), ended AS (
    DELETE FROM sessions USING covered WHERE sessions.user_id = covered.id
), told AS (",
    store_event_if_any!("covered"),
    ")
SELECT found.is_covered FROM found"
);

async fn end_all(
    mut connection: &AsyncPgConnection,
    ending: &SessionsEnding,
) -> Result<EndAllOutcome, Failure> {
    let SessionsEnding { user, authority, event } = ending;
    let end = with_event(statement(END_ALL), event).bind::<sql::Uuid, _>(user.uuid());
    let end = with_authority(end, authority).returning_columns::<sql::Bool>();
    let is_covered: Option<bool> = end.get_result(&mut connection).await.optional()?;
    Ok(match is_covered {
        Some(true) => EndAllOutcome::Ended,
        Some(false) => EndAllOutcome::Outranked,
        None => EndAllOutcome::NotFound,
    })
}

const DELETE_EXPIRED: &str = "
WITH deleted AS (
    DELETE FROM sessions WHERE id = ANY (ARRAY(
        SELECT id FROM sessions WHERE expires_on <= ($1 AT TIME ZONE 'UTC')::date AND expires_at < $1
        ORDER BY expires_on LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT count(*) FROM deleted";
