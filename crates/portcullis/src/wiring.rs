//! Makes the use cases of an installation out of the adapters that its settings ask for; the store is
//! [`crate::store`]'s.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use portcullis_adapters_crypto::{
    Argon2Hasher, BreachedPasswordFile, HashingCapacity, HashingLoad, HashingObserver, JwtAccessTokens,
    KeyRing, KeyRingError, OsEntropy, SealingKeyFactory,
};
use portcullis_adapters_process::{DeliveryObserver, LocalDeliverySignal, SystemClock};
use portcullis_adapters_redis::{RedisOptions, RedisRateLimiter};
use portcullis_adapters_smtp::{Composer, FileMailer, SmtpMailer, SmtpSettings, Templates};
use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::ports::{
    BreachedPasswords, Clock, Entropy, Mailer, MailerError, SigningKeyRepository,
};
use portcullis_domain::use_cases::{Delivery, Hooks, Ports, UseCases};
use portcullis_domain::{EmailAddress, Locale, MailId, SecretKey};
use portcullis_http_actix::{InProcessRateLimiter, RateLimiter, RateLimiting};
use portcullis_pages_actix::FormTokens;
use portcullis_telemetry::{HashingUse, MeasuredStore, Metrics, Sources};

use crate::audit_log::{AuditLog, AuditObservers};
use crate::config::{Config, DatabaseUrl, HttpUrl};
use crate::store::{Purpose, Store};
use crate::{data_dir, mailbox, pages, secret_key_file, store};

/// The version of the program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An installation: its use cases, and what serving them needs besides.
pub(crate) struct Installation {
    pub(crate) use_cases: Arc<UseCases>,
    /// Tells that a mail was queued by one of the use cases.
    pub(crate) delivery: Arc<LocalDeliverySignal>,
    key_ring: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The languages that mails can be had in.
    pub(crate) locales: Vec<Locale>,
    /// Tells forms of the pages from forged ones.
    pub(crate) form_tokens: FormTokens,
    store: Arc<dyn Store>,
    hasher: Arc<Argon2Hasher>,
}

impl Installation {
    /// Opens the store and sets up everything that works on it, for who reaches it at `public_url`. Whatever it does
    /// is counted in `metrics`.
    pub(crate) async fn open(
        config: &Config,
        purpose: Purpose,
        public_url: &HttpUrl,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let delivery = Arc::new(LocalDeliverySignal::default());

        let templates = templates(config)?;
        let locales = templates.locales().to_vec();
        let composer = composer(config, templates, public_url)?;
        let store = store::open(config, purpose).await?;
        let serves = purpose == Purpose::Service;
        let mailer = if serves { mailer(config, composer, clock.clone())? } else { Arc::new(OnlyQueued) };
        let secret = secret_key(config, entropy.as_ref())?;
        if serves && secret.looks_chosen() {
            tracing::warn!("the secret key does not look random: who guesses it can forge everything");
        }
        let key_ring = key_ring(store.clone(), &secret, clock.as_ref()).await?;
        let measured = Arc::new(MeasuredStore::new(store.clone(), metrics));
        let capacity = config.hashing_capacity();
        // A command hashes one password at most.
        let threads = if serves { capacity.threads } else { NonZeroUsize::MIN };
        let capacity = HashingCapacity { threads, ..capacity };
        let hasher = Argon2Hasher::start(config.argon2, capacity, entropy.clone())
            .context("the threads that hash passwords cannot be started")?;
        let hasher = Arc::new(hasher.observed_by(Arc::new(HashingMetrics(metrics.clone()))));
        let audience = config.audience.clone().unwrap_or_else(|| public_url.to_string());

        let ports = Ports {
            users: measured.clone(),
            administration: measured.clone(),
            roles: measured.clone(),
            sessions: measured.clone(),
            tokens: measured.clone(),
            lockouts: measured.clone(),
            mails: measured.clone(),
            audit_trail: measured.clone(),
            audit_observer: Arc::new(AuditObservers([Arc::new(AuditLog), metrics.clone()])),
            signing_keys: measured,
            key_factory: Arc::new(SealingKeyFactory::new(&secret)),
            access_tokens: Arc::new(JwtAccessTokens::new(key_ring.clone(), public_url.as_str(), audience)),
            hasher: hasher.clone(),
            breached_passwords: breached_passwords(config)?,
            mailer,
            delivery: delivery.clone(),
            clock: clock.clone(),
            entropy,
            hooks: Hooks::default(),
        };
        let use_cases = Arc::new(UseCases::new(&ports, config.policy(), &secret));
        let form_tokens = FormTokens::new(&secret);
        Ok(Self { use_cases, delivery, key_ring, clock, locales, form_tokens, store, hasher })
    }

    /// The same for a command, which serves nobody and wants an installation that is there.
    pub(crate) async fn for_command(config: &Config) -> anyhow::Result<Self> {
        Self::for_operator(config, Purpose::Command).await
    }

    /// The same for a command that begins an installation where there is none.
    pub(crate) async fn for_first_command(config: &Config) -> anyhow::Result<Self> {
        Self::for_operator(config, Purpose::FirstCommand).await
    }

    async fn for_operator(config: &Config, purpose: Purpose) -> anyhow::Result<Self> {
        let unread = Arc::new(Metrics::new(VERSION));
        Self::open(config, purpose, &config.public_url_at(config.bind), &unread).await
    }

    /// Lets `metrics` look up what only shows when it is looked at.
    pub(crate) fn show_in(&self, metrics: &Metrics, limiter: Limiter) {
        let (store, hasher) = (self.store.clone(), self.hasher.clone());
        metrics.look_at(Sources {
            clock: self.clock.clone(),
            mails: self.store.clone(),
            connections: Box::new(move || store.connections()),
            hashing: Box::new(move || {
                let HashingLoad { running, waiting } = hasher.load();
                HashingUse { running, waiting }
            }),
            rate_limits_shared: Box::new(move || limiter.is_shared()),
        });
    }

    /// Sees to it that there is a signing key, and that it is ready.
    pub(crate) async fn prepare_keys(&self, config: &Config) -> anyhow::Result<()> {
        self.use_cases
            .ensure_signing_key
            .ensure(config.jwt_algorithm)
            .await
            .context("a signing key cannot be made")?;
        self.key_ring.refresh(self.clock.now()).await.context("the signing keys cannot be read")
    }
}

/// Who counts the calls of clients.
pub(crate) enum Limiter {
    /// Nobody.
    Off,
    /// This instance.
    InProcess(Arc<InProcessRateLimiter>),
    /// All instances, while there is a Redis for it.
    Shared(Arc<RedisRateLimiter>),
}

impl Limiter {
    pub(crate) async fn start(config: &Config) -> Self {
        match &config.rate_limit_redis_url {
            _ if !config.rate_limit => Self::Off,
            Some(url) => {
                let options = RedisOptions::new(url.clone());
                Self::Shared(Arc::new(RedisRateLimiter::connect(&options).await))
            }
            None => Self::InProcess(Arc::default()),
        }
    }

    /// How often a client may call, unless that is off.
    pub(crate) fn limiting(&self, config: &Config) -> Option<RateLimiting> {
        let limiter: Arc<dyn RateLimiter> = match self {
            Self::Off => return None,
            Self::InProcess(limiter) => limiter.clone(),
            Self::Shared(limiter) => limiter.clone(),
        };
        Some(RateLimiting { limits: config.rate_limits, limiter })
    }

    /// Whether instances count together at this moment.
    fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(limiter) if limiter.is_shared())
    }
}

/// Counts hashes.
struct HashingMetrics(Arc<Metrics>);

impl HashingObserver for HashingMetrics {
    fn hashed(&self, waited: Duration, took: Duration) {
        self.0.password_hashed(waited, took);
    }

    fn refused(&self) {
        self.0.password_refused();
    }
}

/// Counts deliveries of mails.
pub(crate) struct DeliveryMetrics(pub(crate) Arc<Metrics>);

impl DeliveryObserver for DeliveryMetrics {
    fn finished(&self, delivery: &Delivery) {
        self.0.mail_delivery_finished(delivery);
    }
}

/// The mailer of a command. What it causes is queued, and the service that runs delivers it.
struct OnlyQueued;

#[async_trait]
impl Mailer for OnlyQueued {
    async fn send(&self, _: &OutgoingMail) -> Result<(), MailerError> {
        Err(MailerError::Transient("a command delivers no mail".to_owned()))
    }
}

/// The configured key, else the one of the data directory, which is made first if it is not there.
fn secret_key(config: &Config, entropy: &dyn Entropy) -> anyhow::Result<SecretKey> {
    match &config.secret_key {
        Some(key) => Ok(key.clone()),
        None => Ok(secret_key_file::load_or_create(&config.secret_key_file(), entropy)?),
    }
}

/// The signing keys in the store, opened with `secret`.
pub(crate) async fn key_ring(
    keys: Arc<dyn SigningKeyRepository>,
    secret: &SecretKey,
    clock: &dyn Clock,
) -> anyhow::Result<Arc<KeyRing>> {
    match KeyRing::load(keys, secret, clock.now()).await {
        Ok(ring) => Ok(Arc::new(ring)),
        Err(error @ KeyRingError::Storage(_)) => Err(error).context(
            "the signing keys cannot be read from the database; if it lacks tables, `portcullis migrate` makes them",
        ),
        Err(error) => {
            Err(error).context("the signing keys in the database cannot be used (PORTCULLIS_SECRET_KEY)")
        }
    }
}

/// The list of leaked passwords, where there is one.
pub(crate) fn breached_passwords(config: &Config) -> anyhow::Result<Option<Arc<dyn BreachedPasswords>>> {
    let Some(path) = &config.breached_passwords else {
        return Ok(None);
    };
    let file = BreachedPasswordFile::open(path).with_context(|| {
        format!("{} is no list of breached passwords (PORTCULLIS_BREACHED_PASSWORDS)", path.display())
    })?;
    Ok(Some(Arc::new(file)))
}

/// SMTP when there is a mail server, else files.
fn mailer(config: &Config, composer: Composer, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Mailer>> {
    Ok(match config.smtp() {
        Some(settings) => Arc::new(smtp_mailer(&settings, composer, clock)?),
        None => Arc::new(file_mailer(config, composer, clock)?),
    })
}

fn file_mailer(config: &Config, composer: Composer, clock: Arc<dyn Clock>) -> anyhow::Result<FileMailer> {
    FileMailer::open(config.mailbox(), composer, clock)
        .with_context(|| format!("the mailbox {} cannot be made", config.mailbox().display()))
}

fn smtp_mailer(
    settings: &SmtpSettings,
    composer: Composer,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<SmtpMailer> {
    SmtpMailer::new(settings, composer, clock)
        .context("mails cannot be sent (PORTCULLIS_SMTP_URL, PORTCULLIS_SMTP_CA_FILE)")
}

fn templates(config: &Config) -> anyhow::Result<Templates> {
    Templates::load(config.mail_templates.as_deref(), &config.locale)
        .context("mails cannot be written (PORTCULLIS_MAIL_TEMPLATES, PORTCULLIS_LOCALE)")
}

fn composer(config: &Config, templates: Templates, public_url: &HttpUrl) -> anyhow::Result<Composer> {
    let links = config.links(public_url).context("links in mails cannot start with the public URL")?;
    Ok(Composer::new(templates, links, config.mail_from.clone()))
}

/// Finds out whether mails can be handed on: by one to `recipient`, or else sending none.
pub(crate) async fn check_mailer(config: &Config, recipient: Option<&EmailAddress>) -> anyhow::Result<()> {
    let composer = composer(config, templates(config)?, &config.public_url_at(config.bind))?;
    let clock = Arc::new(SystemClock);
    let id = MailId::generate(clock.now(), &OsEntropy);
    match (config.smtp(), recipient) {
        (Some(settings), Some(to)) => smtp_mailer(&settings, composer, clock)?.send_trial(id, to).await?,
        (Some(settings), None) => smtp_mailer(&settings, composer, clock)?.check().await?,
        (None, Some(to)) => file_mailer(config, composer, clock)?.send_trial(id, to).await?,
        (None, None) => mailbox::check_writable(&config.mailbox())?,
    }
    Ok(())
}

/// Finds out whether the files that settings name, and those of the data directory, can be used, without reaching or
/// changing anything.
pub(crate) fn check_files(config: &Config) -> anyhow::Result<()> {
    let composer = composer(config, templates(config)?, &config.public_url_at(config.bind))?;
    if let Some(settings) = config.smtp() {
        smtp_mailer(&settings, composer, Arc::new(SystemClock))?;
    }
    pages::brand(config)?;
    breached_passwords(config)?;
    if let DatabaseUrl::Postgres(url) = config.database() {
        url.check_certificates().context("the database cannot be trusted (PORTCULLIS_DATABASE_URL)")?;
    }
    data_dir::check(&config.data_dir)?;
    if config.secret_key.is_none() {
        secret_key_file::load(&config.secret_key_file())?;
    }
    Ok(())
}
