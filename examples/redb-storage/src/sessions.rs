use std::cmp::Reverse;

use async_trait::async_trait;
use portcullis_domain::ports::{
    EndAllOutcome, OpenOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening, SessionRepository,
    SessionsEnding, StorageError,
};
use portcullis_domain::{Principal, Session, SessionId, Timestamp, UserId};
use redb::WriteTransaction;

use crate::RedbStore;
use crate::lockout::lock;
use crate::records::{Changes as _, Lookups as _, SESSIONS, WRONG_PASSWORDS};
use crate::tables::{Reads as _, Writes as _};

#[async_trait]
impl SessionRepository for RedbStore {
    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        self.write(move |store| {
            let SessionOpening { session, attempts, verified_hash, renewed_hash, event } = opening;
            if store.get(&SESSIONS, &session.id)?.is_some() {
                return Err(StorageError::broken("the id of a new session is in use"));
            }
            if let Some(until) = lock(store, attempts, session.created_at)? {
                return Ok(OpenOutcome::Locked { until });
            }
            let hash = store.account(session.user_id)?.and_then(|account| account.password_hash);
            if hash.as_ref() != Some(&verified_hash) {
                return Ok(OpenOutcome::Refused);
            }
            let Some(mut principal) = store.principal_of(session.clone())? else {
                return Ok(OpenOutcome::Refused);
            };
            store.record(&event)?;
            store.remove(&WRONG_PASSWORDS, &attempts)?;
            principal.user.last_login_at = Some(session.created_at);
            store.change_account(session.user_id, |account| {
                account.user.last_login_at = Some(session.created_at);
                account.password_hash = Some(renewed_hash.unwrap_or(verified_hash));
            })?;
            store.put_session(&session)?;
            Ok(OpenOutcome::Opened(Box::new(principal)))
        })
        .await
    }

    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError> {
        self.read(move |store| match store.live_session(id, now)? {
            Some(session) => store.principal_of(session),
            None => Ok(None),
        })
        .await
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        self.write(move |store| {
            let Some(session) = store.live_session(rotation.session, rotation.now)? else {
                return Ok(RotationOutcome::Unknown);
            };
            let Some(principal) = store.principal_of(session)? else {
                return Ok(RotationOutcome::Unknown);
            };
            let current = principal.session.generation;
            let grace_ends_at = principal.session.last_used_at + rotation.grace;
            if rotation.generation > current {
                Ok(RotationOutcome::Unknown)
            } else if rotation.generation == current {
                Ok(RotationOutcome::Current(Box::new(advance(store, principal, &rotation)?)))
            } else if rotation.generation.next() == current && rotation.now < grace_ends_at {
                Ok(RotationOutcome::Current(Box::new(principal)))
            } else {
                store.record(&rotation.reuse.about(principal.user.id))?;
                store.remove_session(&principal.session)?;
                Ok(RotationOutcome::Reused(principal.user.id))
            }
        })
        .await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        let mut sessions = self.read(move |store| store.sessions_of(user)).await?;
        sessions.retain(|session| session.is_live(now));
        sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError> {
        self.write(move |store| {
            let SessionEnding { user, session, now, event } = ending;
            let session = store.live_session(session, now)?.filter(|session| session.user_id == user);
            let Some(session) = session else {
                return Ok(false);
            };
            store.record(&event)?;
            store.remove_session(&session)?;
            Ok(true)
        })
        .await
    }

    async fn end_all(&self, ending: SessionsEnding) -> Result<EndAllOutcome, StorageError> {
        self.write(move |store| {
            let Some(user) = store.user(ending.user)? else {
                return Ok(EndAllOutcome::NotFound);
            };
            if !store.is_covered(&user, &ending.authority)? {
                return Ok(EndAllOutcome::Outranked);
            }
            store.record(&ending.event)?;
            store.end_sessions_except(user.id, None)?;
            Ok(EndAllOutcome::Ended)
        })
        .await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(move |store| {
            let expired = store.first(&SESSIONS, limit, |session| session.expires_at < now)?;
            expired.iter().try_fold(0, |deleted, session| {
                store.remove_session(session)?;
                Ok(deleted + 1)
            })
        })
        .await
    }
}

fn advance(
    store: &WriteTransaction,
    mut caller: Principal,
    rotation: &Rotation,
) -> Result<Principal, StorageError> {
    let session = &mut caller.session;
    session.generation = session.generation.next();
    session.last_used_at = rotation.now;
    session.expires_at = rotation.lifetime.expiry(rotation.now, session.ends_at);
    store.put_session(session)?;
    Ok(caller)
}
