//! Storage in memory: every storage port, on one state behind one mutex.

mod administration;
mod audit_trail;
mod back_door;
mod faults;
mod gates;
mod installation_archive;
mod lockout;
mod mail_queue;
mod operations;
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
use self::gates::Gates;
use self::operations::expect_operation;
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
    gates: Mutex<Gates>,
}

impl MemoryStorage {
    /// Makes the next call to any port method fail as an unavailable store does: nothing happens.
    pub fn fail_next(&self) {
        self.faults().fail_next();
    }

    /// Makes the next call to one port method fail as an unavailable store does.
    ///
    /// `operation` is a port and a method of it, such as `"MailQueue::claim"`. Calls to others go on as ever.
    ///
    /// ```
    /// use portcullis_domain::use_cases::RefreshError;
    /// use portcullis_testkit::TestDomain;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let domain = TestDomain::new();
    /// let token = domain.signed_in("ada@example.com").await.tokens.refresh_token;
    /// domain.storage.fail_next_call_to("SessionRepository::rotate");
    /// assert!(matches!(domain.refresh(&token).await, Err(RefreshError::Storage(_))));
    /// assert!(domain.refresh(&token).await.is_ok(), "the token is as good as before");
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// When no storage port has such an operation.
    #[track_caller]
    pub fn fail_next_call_to(&self, operation: &'static str) {
        expect_operation(operation);
        self.faults().fail_next_call_to(operation);
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

    /// Begins the step that `operation` is, once no gate is in its way: nothing else happens until the guard is
    /// dropped.
    async fn step(&self, operation: &'static str) -> Result<MutexGuard<'_, State>, StorageError> {
        let gate = self.gates().meet(operation);
        if let Some(gate) = gate {
            gate.pass().await;
        }
        self.faults().meet(operation)?;
        Ok(self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no step panics")
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gates(&self) -> MutexGuard<'_, Gates> {
        self.0.gates.lock().unwrap_or_else(PoisonError::into_inner)
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
            lockouts: Arc::new(store.clone()),
            mails: Arc::new(store.clone()),
            audit_trail: Arc::new(store.clone()),
            signing_keys: Arc::new(store.clone()),
            back_door: Arc::new(store),
            second: None,
            guard: Arc::new(()),
        }
    }
}
