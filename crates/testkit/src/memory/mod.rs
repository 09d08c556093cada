//! Storage in memory: every storage port, on one state behind one mutex.

mod administration;
mod audit_trail;
mod faults;
mod installation_archive;
mod lockout;
mod mail_queue;
mod operator;
mod roles;
mod sessions;
mod signing_keys;
mod state;
mod tokens;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{MailState, QueuedMail};
use portcullis_domain::ports::StorageError;

use self::faults::Faults;
use self::state::State;
use crate::Storage;

/// A store in memory that keeps every promise of the storage ports: it passes the storage contract.
///
/// A clone is another handle on the same store, to be handed out as any of its ports. The built-in
/// roles exist from the start.
///
/// ```
/// # use std::sync::Arc;
/// use portcullis_domain::ports::{SessionRepository, UserRepository};
/// use portcullis_testkit::MemoryStorage;
///
/// let store = MemoryStorage::default();
/// let users: Arc<dyn UserRepository> = Arc::new(store.clone());
/// let sessions: Arc<dyn SessionRepository> = Arc::new(store.clone());
/// store.fail_next_call_to("SessionRepository::rotate");
/// ```
#[derive(Clone, Default)]
pub struct MemoryStorage(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    faults: Mutex<Faults>,
}

impl MemoryStorage {
    /// Makes the next call to any port method fail as an unavailable store does: nothing happens.
    pub fn fail_next(&self) {
        self.faults().fail_next();
    }

    /// Makes the next call to one port method fail as an unavailable store does.
    ///
    /// `method` is a port and a method of it, such as `"MailQueue::claim"`. Calls to others go on as ever.
    pub fn fail_next_call_to(&self, method: &'static str) {
        self.faults().fail_next_call_to(method);
    }

    /// The mails that wait, in the order in which they were queued. Those that are being delivered or
    /// were set aside do not.
    #[must_use]
    pub fn waiting_mails(&self) -> Vec<QueuedMail> {
        let state = self.state();
        let waiting = state.mails.iter().filter(|record| matches!(record.state, MailState::Waiting { .. }));
        waiting.map(|record| record.mail.clone()).collect()
    }

    /// What happened, the smallest id first.
    #[must_use]
    pub fn audit_events(&self) -> Vec<AuditEvent> {
        self.state().events.values().cloned().collect()
    }

    /// Begins the step that `method` is: nothing else happens until the guard is dropped.
    fn step(&self, method: &'static str) -> Result<MutexGuard<'_, State>, StorageError> {
        self.faults().meet(method)?;
        Ok(self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no step panics")
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<MemoryStorage> for Storage {
    fn from(store: MemoryStorage) -> Self {
        Self {
            users: Arc::new(store.clone()),
            administration: Arc::new(store.clone()),
            roles: Arc::new(store.clone()),
            sessions: Arc::new(store.clone()),
            tokens: Arc::new(store.clone()),
            lockout: Arc::new(store.clone()),
            mails: Arc::new(store.clone()),
            audit_trail: Arc::new(store.clone()),
            signing_keys: Arc::new(store.clone()),
            operator: Arc::new(store),
            second: None,
            guard: Arc::new(()),
        }
    }
}
