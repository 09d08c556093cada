use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use example_http_mailer::{HttpMailer, MailApi};
use example_redb_storage::RedbStore;
use portcullis_adapters_crypto::{
    Argon2Hasher, Argon2Settings, HashingCapacity, JwtAccessTokens, KeyRing, OsEntropy, SealingKeyFactory,
};
use portcullis_adapters_process::{Background, LocalDeliverySignal, SystemClock};
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::policy::{EmailVerification, Policy};
use portcullis_domain::ports::{AuditObserver, Clock as _};
use portcullis_domain::use_cases::{Hooks, Ports, UseCases};
use portcullis_domain::{SecretKey, SigningAlgorithm};

/// Accounts in redb.
pub struct Accounts {
    /// What can be done with them.
    pub use_cases: Arc<UseCases>,
    /// Delivers mails and tidies up, for as long as it is kept.
    pub background: Background,
}

impl Accounts {
    /// Opens those in the file at `path`, which is made if it is not there. Keys, codes and tokens are derived from
    /// `secret`; tokens are from and for `url`.
    ///
    /// # Errors
    ///
    /// When the file or a thread cannot be had.
    pub async fn open(path: &Path, secret: &SecretKey, url: &str, mails: MailApi) -> anyhow::Result<Self> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let store = Arc::new(RedbStore::open(path)?);
        let key_ring = Arc::new(KeyRing::load(store.clone(), secret, clock.now()).await?);
        let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 32 };
        let hasher = Argon2Hasher::start(Argon2Settings::default(), capacity, entropy.clone())?;
        let delivery = Arc::new(LocalDeliverySignal::default());
        let ports = Ports {
            users: store.clone(),
            administration: store.clone(),
            roles: store.clone(),
            sessions: store.clone(),
            tokens: store.clone(),
            lockouts: store.clone(),
            mails: store.clone(),
            audit_trail: store.clone(),
            audit_observer: Arc::new(AuditLog),
            signing_keys: store,
            key_factory: Arc::new(SealingKeyFactory::new(secret)),
            access_tokens: Arc::new(JwtAccessTokens::new(key_ring.clone(), url, url)),
            hasher: Arc::new(hasher),
            breached_passwords: None,
            mailer: Arc::new(HttpMailer::new(mails)),
            delivery: delivery.clone(),
            clock: clock.clone(),
            entropy,
            hooks: Hooks::default(),
        };
        // So that there is something to see without a provider of mail.
        let policy = Policy { email_verification: EmailVerification::Optional, ..Policy::default() };
        let use_cases = Arc::new(UseCases::new(&ports, policy, secret));
        use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await?;
        key_ring.refresh(clock.now()).await?;
        let background = Background::start(use_cases.clone(), delivery, None);
        Ok(Self { use_cases, background })
    }
}

/// Writes what matters to security into the log. All of it is in the store, too.
struct AuditLog;

impl AuditObserver for AuditLog {
    fn observe(&self, event: &AuditEvent) {
        tracing::info!(kind = event.kind.name(), outcome = event.outcome.name(), "audit");
    }
}
