use async_trait::async_trait;
use portcullis_domain::ports::{
    EndAllOutcome, OpenOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening, SessionRepository,
    SessionsEnding, StorageError,
};
use portcullis_domain::{Principal, Session, SessionId, Timestamp, UserId};

use super::MemoryStorage;
use super::state::{State, remove_up_to};

#[async_trait]
impl SessionRepository for MemoryStorage {
    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        let mut state = self.step("SessionRepository::open").await?;
        let SessionOpening { session, attempts, verified_hash, renewed_hash, event } = opening;
        if state.sessions.contains_key(&session.id) {
            return Err(StorageError::broken("the id of a new session is in use"));
        }
        if let Some(until) = state.lock(attempts, session.created_at) {
            return Ok(OpenOutcome::Locked { until });
        }
        let account = state.accounts.get(&session.user_id);
        let is_current = account.is_some_and(|account| account.is_usable_under(&verified_hash));
        let Some(mut principal) = state.principal(&session).filter(|_| is_current) else {
            return Ok(OpenOutcome::Refused);
        };
        state.record(event)?;
        state.wrong_passwords.remove(&attempts);
        principal.user.last_login_at = Some(session.created_at);
        let account = state.account_mut(session.user_id)?;
        account.user.last_login_at = Some(session.created_at);
        account.password_hash = Some(renewed_hash.unwrap_or(verified_hash));
        state.sessions.insert(session.id, session);
        Ok(OpenOutcome::Opened(Box::new(principal)))
    }

    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError> {
        let state = self.step("SessionRepository::principal").await?;
        Ok(state.live_session(id, now).and_then(|session| state.principal(session)))
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        let mut state = self.step("SessionRepository::rotate").await?;
        let session = state.live_session(rotation.session, rotation.now);
        let Some(principal) = session.and_then(|session| state.principal(session)) else {
            return Ok(RotationOutcome::Unknown);
        };
        let current = principal.session.generation;
        let grace_ends_at = principal.session.last_used_at + rotation.grace;
        if rotation.generation > current {
            Ok(RotationOutcome::Unknown)
        } else if rotation.generation == current {
            Ok(RotationOutcome::Current(Box::new(state.advance(principal, &rotation))))
        } else if rotation.generation.next() == current && rotation.now < grace_ends_at {
            Ok(RotationOutcome::Current(Box::new(principal)))
        } else {
            state.record(rotation.reuse.about(principal.user.id))?;
            state.sessions.remove(&rotation.session);
            Ok(RotationOutcome::Reused(principal.user.id))
        }
    }

    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StorageError> {
        let state = self.step("SessionRepository::list").await?;
        let is_listed = |session: &&Session| session.user_id == user && session.is_live(now);
        let mut sessions: Vec<_> = state.sessions.values().filter(is_listed).cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError> {
        let mut state = self.step("SessionRepository::end").await?;
        let SessionEnding { user, session: id, now, event } = ending;
        let is_theirs = state.live_session(id, now).is_some_and(|session| session.user_id == user);
        if is_theirs {
            state.record(event)?;
            state.sessions.remove(&id);
        }
        Ok(is_theirs)
    }

    async fn end_all(&self, ending: SessionsEnding) -> Result<EndAllOutcome, StorageError> {
        let mut state = self.step("SessionRepository::end_all").await?;
        let Some(user) = state.user(ending.user) else {
            return Ok(EndAllOutcome::NotFound);
        };
        if !state.is_covered(user, &ending.authority) {
            return Ok(EndAllOutcome::Outranked);
        }
        state.record(ending.event)?;
        state.end_sessions_except(ending.user, None);
        Ok(EndAllOutcome::Ended)
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let mut state = self.step("SessionRepository::delete_expired").await?;
        Ok(remove_up_to(limit, state.sessions.extract_if(|_, session| session.expires_at < now)))
    }
}

impl State {
    fn live_session(&self, id: SessionId, now: Timestamp) -> Option<&Session> {
        self.sessions.get(&id).filter(|session| session.is_live(now))
    }

    fn advance(&mut self, mut caller: Principal, rotation: &Rotation) -> Principal {
        let session = &mut caller.session;
        session.generation = session.generation.next();
        session.last_used_at = rotation.now;
        session.expires_at = rotation.lifetime.expiry(rotation.now, session.ends_at);
        self.sessions.insert(session.id, session.clone());
        caller
    }
}
