//! [`SessionRepository`]: what logins open, refreshes prolong and logouts end.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::Error as StatementError;
use portcullis_domain::ports::{
    EndAllOutcome, OpenOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening, SessionRepository,
    SessionsEnding, StorageError,
};
use portcullis_domain::{Principal, Session, SessionId, Timestamp, UserId};

use crate::audit_trail;
use crate::authority::{self, Found};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::lockout::{Count, forget};
use crate::rows::{PrincipalRow, SessionRow};
use crate::schema::{accounts, sessions, users};
use crate::store::SqliteStore;
use crate::sweep::delete_oldest;
use crate::users::usable_under;

#[async_trait]
impl SessionRepository for SqliteStore {
    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        self.write(move |connection| open(connection, &opening)).await
    }

    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError> {
        self.look_up(move |connection| principal(connection, id, now)).await
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        self.write(move |connection| rotate(connection, &rotation)).await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        self.read(move |connection| {
            let rows = sessions::table
                .filter(sessions::user_id.eq(user.uuid().into_bytes()))
                .filter(sessions::expires_at.gt(now.unix_micros()))
                .order((sessions::created_at.desc(), sessions::id.desc()))
                .select(SessionRow::as_select())
                .load(connection)?;
            Ok(rows.into_iter().map(SessionRow::try_into_domain).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError> {
        self.write(move |connection| Ok(end(connection, &ending)?)).await
    }

    async fn end_all(&self, ending: SessionsEnding) -> Result<EndAllOutcome, StorageError> {
        self.write(move |connection| end_all_covered(connection, &ending)).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write_alone(move |connection| {
            Ok(delete_oldest!(sessions, key: id, moment: expires_at, connection, now, limit)?)
        })
        .await
    }
}

fn open(connection: &mut SqliteConnection, opening: &SessionOpening) -> Result<OpenOutcome, Failure> {
    let SessionOpening { session, attempts, verified_hash, renewed_hash, event } = opening;
    let count = Count::find(connection, *attempts)?;
    if let Some(until) = count.and_then(|count| count.lock_at(session.created_at)) {
        return Ok(OpenOutcome::Locked { until });
    }
    let noted = diesel::update(usable_under(session.user_id, verified_hash))
        .set((
            users::last_login_at.eq(session.created_at.unix_micros()),
            users::password_hash.eq(renewed_hash.as_ref().unwrap_or(verified_hash).as_str()),
        ))
        .execute_kept(connection)?;
    if noted == 0 {
        return Ok(OpenOutcome::Refused);
    }
    if count.is_some() {
        forget(connection, *attempts)?;
    }
    insert(connection, session)?;
    audit_trail::insert(connection, event)?;
    let opened = principal(connection, session.id, session.created_at)?.ok_or(StatementError::NotFound)?;
    Ok(OpenOutcome::Opened(Box::new(opened)))
}

pub(crate) fn insert(connection: &mut SqliteConnection, session: &Session) -> QueryResult<()> {
    diesel::insert_into(sessions::table).values(SessionRow::from(session)).execute(connection)?;
    Ok(())
}

pub(crate) fn principal(
    connection: &mut SqliteConnection,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<Principal>, Failure> {
    let row = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::id.eq(id.uuid().into_bytes()))
        .filter(sessions::expires_at.gt(now.unix_micros()))
        .filter(accounts::is_active)
        .select(PrincipalRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(PrincipalRow::try_into_domain).transpose()?)
}

fn rotate(connection: &mut SqliteConnection, rotation: &Rotation) -> Result<RotationOutcome, Failure> {
    let Rotation { session: id, generation, now, lifetime, grace, ref reuse } = *rotation;
    let Some(mut principal) = principal(connection, id, now)? else {
        return Ok(RotationOutcome::Unknown);
    };
    let session = &mut principal.session;
    if generation > session.generation {
        Ok(RotationOutcome::Unknown)
    } else if generation == session.generation {
        session.generation = generation.next();
        session.last_used_at = now;
        session.expires_at = lifetime.expiry(now, session.ends_at);
        diesel::update(sessions::table.find(id.uuid().into_bytes()))
            .set((
                sessions::generation.eq(i64::from(session.generation.number())),
                sessions::last_used_at.eq(session.last_used_at.unix_micros()),
                sessions::expires_at.eq(session.expires_at.unix_micros()),
            ))
            .execute_kept(connection)?;
        Ok(RotationOutcome::Current(Box::new(principal)))
    } else if generation.next() == session.generation && now.since(session.last_used_at) < grace {
        Ok(RotationOutcome::Current(Box::new(principal)))
    } else {
        diesel::delete(sessions::table.find(id.uuid().into_bytes())).execute(connection)?;
        audit_trail::insert_about(connection, reuse, principal.user.id)?;
        Ok(RotationOutcome::Reused(principal.user.id))
    }
}

fn end(connection: &mut SqliteConnection, ending: &SessionEnding) -> QueryResult<bool> {
    let live = sessions::table
        .find(ending.session.uuid().into_bytes())
        .filter(sessions::user_id.eq(ending.user.uuid().into_bytes()))
        .filter(sessions::expires_at.gt(ending.now.unix_micros()));
    if diesel::delete(live).execute(connection)? == 0 {
        return Ok(false);
    }
    audit_trail::insert(connection, &ending.event)?;
    Ok(true)
}

fn end_all_covered(
    connection: &mut SqliteConnection,
    ending: &SessionsEnding,
) -> Result<EndAllOutcome, Failure> {
    match authority::find(connection, ending.user, &ending.authority)? {
        Found::Covered(user) => end_all(connection, user.id)?,
        Found::Outranking => return Ok(EndAllOutcome::Outranked),
        Found::Nobody => return Ok(EndAllOutcome::NotFound),
    }
    audit_trail::insert(connection, &ending.event)?;
    Ok(EndAllOutcome::Ended)
}

/// Ends every session of a user.
pub(crate) fn end_all(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user.uuid().into_bytes())))
        .execute(connection)?;
    Ok(())
}

/// Ends every session of a user but one.
pub(crate) fn end_others(
    connection: &mut SqliteConnection,
    user: UserId,
    kept: SessionId,
) -> QueryResult<()> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user.uuid().into_bytes()))
        .filter(sessions::id.ne(kept.uuid().into_bytes()));
    diesel::delete(others).execute(connection)?;
    Ok(())
}
