//! The service itself: real storage, real cryptography and real HTTP, in a time that stands still until it is
//! moved, and with the mails at hand.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use portcullis_adapters_crypto::{
    Argon2Hasher, Argon2Settings, HashingCapacity, JwtAccessTokens, KeyRing, SealingKeyFactory,
};
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::Clock as _;
use portcullis_domain::use_cases::{self, CreateUserCommand, Delivery, UseCases};
use portcullis_domain::{Actor, Password, ProfileNames, SessionLifetime, SigningAlgorithm};
use portcullis_http_actix::{Api, HttpOptions, ServerLimits, serve};
use portcullis_testkit::{
    CountingSignal, FrozenClock, RecordingMailer, RecordingObserver, ScriptedEntropy, fixtures,
};

use crate::model::{ABSOLUTE, IDLE};
use crate::store::Store;

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) mailer: Arc<RecordingMailer>,
    /// Of the administrator who is there at the start.
    pub(crate) administrator: String,
    /// The id of the role.
    pub(crate) admin_role: String,
    use_cases: Arc<UseCases>,
    server: ServerHandle,
    _ground: Box<dyn Any>,
}

impl Service {
    /// Starts on an empty store, with one administrator.
    pub(crate) async fn start(store: Store, email: &str, password: &str) -> Self {
        let Store { ports: store, ground } = store;
        let clock = Arc::new(FrozenClock::default());
        let mailer = Arc::new(RecordingMailer::default());
        let entropy = Arc::new(ScriptedEntropy::default());
        let secret = fixtures::secret_key();
        let key_ring = KeyRing::load(store.clone(), &secret, clock.now()).await.expect("there are no keys");
        let key_ring = Arc::new(key_ring);
        // The least that Argon2 takes: what is tested here is not how hard it is.
        let argon2 = Argon2Settings::new(8, 1, 1).expect("settings within bounds");
        let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 8 };
        let issuer = "https://accounts.example.com";
        let ports = use_cases::Ports {
            users: store.clone(),
            administration: store.clone(),
            roles: store.clone(),
            sessions: store.clone(),
            tokens: store.clone(),
            lockouts: store.clone(),
            mails: store.clone(),
            audit_trail: store.clone(),
            audit_observer: Arc::new(RecordingObserver::default()),
            signing_keys: store,
            key_factory: Arc::new(SealingKeyFactory::new(&secret)),
            access_tokens: Arc::new(JwtAccessTokens::new(key_ring.clone(), issuer, issuer)),
            breached_passwords: None,
            hasher: Arc::new(Argon2Hasher::start(argon2, capacity, entropy.clone()).expect("a thread")),
            mailer: mailer.clone(),
            delivery: Arc::new(CountingSignal::default()),
            clock: clock.clone(),
            entropy: entropy.clone(),
            hooks: use_cases::Hooks::default(),
        };
        let use_cases = Arc::new(UseCases::new(&ports, policy(), &secret));
        use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.expect("a key is made");
        key_ring.refresh(clock.now()).await.expect("the key is read");
        let command = CreateUserCommand {
            email: fixtures::email(email),
            password: Some(Password::parse(password).expect("a password")),
            username: None,
            profile: ProfileNames::default(),
            email_verified: true,
            is_active: true,
            roles: [fixtures::role("admin")].into(),
            locale: None,
        };
        let administrator = use_cases
            .create_user
            .create(&Actor::operator(), command)
            .await
            .expect("an administrator is made");
        let admin_role =
            use_cases.find_role.find_by_name(&fixtures::role("admin")).await.expect("it is built in");
        let options = HttpOptions { rate_limiting: None, ..HttpOptions::new(clock.clone(), entropy) };
        let api = Api::new(use_cases.clone(), options);
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let limits = ServerLimits { workers: 1, shutdown_grace: Duration::from_secs(1) };
        let server = serve(listener, api, limits).expect("the listener can be used");
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            address,
            clock,
            mailer,
            administrator: administrator.id.to_string(),
            admin_role: admin_role.id.to_string(),
            use_cases,
            server: handle,
            _ground: ground,
        }
    }

    /// Delivers all that is queued.
    pub(crate) async fn deliver_mails(&self) {
        while self.use_cases.deliver_mail.deliver_next().await.expect("the store works") != Delivery::Idle {}
    }

    pub(crate) async fn sweep(&self) {
        while self.use_cases.sweep.sweep().await.expect("the store works") {}
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.lifetimes.session =
        SessionLifetime { idle: Duration::from_secs(IDLE), absolute: Duration::from_secs(ABSOLUTE) };
    policy
}
