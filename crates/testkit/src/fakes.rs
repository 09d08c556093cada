use std::sync::Arc;

use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{Hooks, Ports, UseCases};

use crate::{
    CheapHasher, CountingSignal, FakeAccessTokens, FrozenClock, MemoryStorage, RecordingMailer,
    RecordingObserver, ScriptedEntropy, fixtures,
};

/// A fake behind every port, for whoever puts something else on top of them than a
/// [`TestDomain`](crate::TestDomain) does: a web server, a worker.
///
/// ```
/// use std::sync::Arc;
///
/// use portcullis_domain::policy::Policy;
/// use portcullis_testkit::{Fakes, FrozenClock, fixtures};
///
/// let fakes = Fakes { clock: Arc::new(FrozenClock::at(fixtures::NOW)), ..Fakes::default() };
/// let use_cases = fakes.use_cases(Policy::default());
/// ```
#[derive(Clone, Default)]
pub struct Fakes {
    /// Behind every storage port.
    pub storage: MemoryStorage,
    /// Stands still until it is moved.
    pub clock: Arc<FrozenClock>,
    /// The same in every run.
    pub entropy: Arc<ScriptedEntropy>,
    /// Keeps what it is given.
    pub mailer: Arc<RecordingMailer>,
    /// Counts its work.
    pub hasher: Arc<CheapHasher>,
    /// Signs nothing; also makes the keys.
    pub access_tokens: Arc<FakeAccessTokens>,
    /// Keeps the events that it is told.
    pub audit_observer: Arc<RecordingObserver>,
    /// Counts the mails that were announced.
    pub delivery: Arc<CountingSignal>,
}

impl Fakes {
    /// The fakes, each in its place; replace one to test with another adapter or a mock.
    #[must_use]
    pub fn ports(&self) -> Ports {
        Ports {
            users: Arc::new(self.storage.clone()),
            administration: Arc::new(self.storage.clone()),
            roles: Arc::new(self.storage.clone()),
            sessions: Arc::new(self.storage.clone()),
            tokens: Arc::new(self.storage.clone()),
            lockouts: Arc::new(self.storage.clone()),
            mails: Arc::new(self.storage.clone()),
            audit_trail: Arc::new(self.storage.clone()),
            audit_observer: self.audit_observer.clone(),
            signing_keys: Arc::new(self.storage.clone()),
            key_factory: self.access_tokens.clone(),
            access_tokens: self.access_tokens.clone(),
            hasher: self.hasher.clone(),
            breached_passwords: None,
            mailer: self.mailer.clone(),
            delivery: self.delivery.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            hooks: Hooks::default(),
        }
    }

    /// Every use case on the fakes, under `policy`.
    #[must_use]
    pub fn use_cases(&self, policy: Policy) -> UseCases {
        UseCases::new(&self.ports(), policy, &fixtures::secret_key())
    }
}
