//! The accounts of the application: adapters for every port, the routes on top, and the work in the background.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use portcullis_adapters_crypto::{
    Argon2Hasher, Argon2Settings, HashingCapacity, JwtAccessTokens, KeyRing, OsEntropy, SealingKeyFactory,
};
use portcullis_adapters_process::{Background, LocalDeliverySignal, SystemClock};
use portcullis_adapters_smtp::{Composer, FileMailer, LinkTemplate, LinkTemplates, Sender, Templates};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{AuditObserver, Clock as _, Entropy as _};
use portcullis_domain::use_cases::{Hooks, Ports, UseCases};
use portcullis_domain::{Locale, SecretKey, SigningAlgorithm};
use portcullis_http_actix::{Api, HttpOptions};

use crate::apology::Apology;

/// Who the tokens are from and for: where people reach the application.
pub const PUBLIC_URL: &str = "http://localhost:8080";

/// The accounts of one installation.
pub struct Accounts {
    /// What can be done with them, for the application itself.
    pub use_cases: Arc<UseCases>,
    /// The same over HTTP.
    pub api: Api,
    /// Delivers mails and tidies up, for as long as it is kept.
    pub background: Background,
}

impl Accounts {
    /// Opens the accounts in `folder`, which are made there if it has none. Mails end up in its folder `mailbox`.
    ///
    /// # Errors
    ///
    /// When a file or a thread cannot be had.
    pub async fn open(folder: &Path, hooks: Hooks) -> anyhow::Result<Self> {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let secret = secret_key(&folder.join("secret-key"))?;
        let store = SqliteStore::open(&SqliteOptions::new(folder.join("accounts.db"))).await?;
        store.migrate().await?;
        let store = Arc::new(store);
        let key_ring = Arc::new(KeyRing::load(store.clone(), &secret, clock.now()).await?);
        let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 32 };
        let hasher = Argon2Hasher::start(Argon2Settings::default(), capacity, entropy.clone())?;
        let mailer = FileMailer::open(folder.join("mailbox"), composer()?, clock.clone())?;
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
            key_factory: Arc::new(SealingKeyFactory::new(&secret)),
            access_tokens: Arc::new(JwtAccessTokens::new(key_ring.clone(), PUBLIC_URL, PUBLIC_URL)),
            hasher: Arc::new(hasher),
            breached_passwords: None,
            mailer: Arc::new(mailer),
            delivery: delivery.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            hooks,
        };
        let use_cases = Arc::new(UseCases::new(&ports, Policy::default(), &secret));
        use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await?;
        key_ring.refresh(clock.now()).await?;

        let options =
            HttpOptions { problem_pages: Some(Arc::new(Apology)), ..HttpOptions::new(clock, entropy) };
        Ok(Self {
            api: Api::new(use_cases.clone(), options),
            background: Background::start(use_cases.clone(), delivery, None),
            use_cases,
        })
    }
}

/// Links lead to pages of the application, which hand the token on to the API.
fn composer() -> anyhow::Result<Composer> {
    let link = |page: &str| LinkTemplate::parse(&format!("{PUBLIC_URL}/{page}?token={{token}}"));
    let links = LinkTemplates {
        verify: link("welcome")?,
        reset: link("new-password")?,
        email_change: link("moved")?,
    };
    let templates = Templates::load(None, &Locale::english())?;
    Ok(Composer::new(templates, links, Sender::parse("Example <accounts@example.com>")?))
}

/// What keys, codes and tokens are derived from. Where there is a place for secrets, it comes from there instead.
fn secret_key(path: &Path) -> anyhow::Result<SecretKey> {
    if !path.exists() {
        let mut octets = [0; SecretKey::MIN_OCTETS];
        OsEntropy.fill(&mut octets);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&octets)?;
    }
    Ok(SecretKey::new(fs::read(path)?)?)
}

/// Writes what matters to security into the log. All of it is in the store, too.
struct AuditLog;

impl AuditObserver for AuditLog {
    fn observe(&self, event: &AuditEvent) {
        tracing::info!(kind = event.kind.name(), outcome = event.outcome.name(), "audit");
    }
}
