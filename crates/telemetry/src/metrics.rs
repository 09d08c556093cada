use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::{AuditObserver, Clock, MailQueue};
use portcullis_domain::use_cases::Delivery;
use portcullis_http_actix::{Answered, HttpObserver, MetricsReader, RouteGroup};
use prometheus::{Gauge, Registry, TextEncoder};
use tokio::time::timeout;

use crate::audit_figures::AuditFigures;
use crate::families;
use crate::hashing_figures::HashingFigures;
use crate::http_figures::HttpFigures;
use crate::mail_figures::MailFigures;
use crate::process_figures::ProcessFigures;
use crate::store_figures::StoreFigures;

/// How long the store may take to answer before the figures are shown without what it would have said.
const PATIENCE: Duration = Duration::from_secs(1);

/// All figures of one installation.
pub struct Metrics {
    registry: Registry,
    http: HttpFigures,
    audit: AuditFigures,
    hashing: HashingFigures,
    pub(crate) store: Arc<StoreFigures>,
    mails: MailFigures,
    rate_limits_shared: Gauge,
    process: ProcessFigures,
    sources: OnceLock<Sources>,
}

/// What is looked up when the figures are read.
pub struct Sources {
    /// The time that the age of mails is told at.
    pub clock: Arc<dyn Clock>,
    /// Whose length is told.
    pub mails: Arc<dyn MailQueue>,
    /// How the connections to the store are used.
    pub connections: Box<dyn Fn() -> Vec<ConnectionUse> + Send + Sync>,
    /// How busy the threads are that hash.
    pub hashing: Box<dyn Fn() -> HashingUse + Send + Sync>,
    /// Whether instances count the calls of clients together.
    pub rate_limits_shared: Box<dyn Fn() -> bool + Send + Sync>,
}

/// How a pool of connections is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionUse {
    /// What the pool is called; one of few.
    pub pool: &'static str,
    /// Connections that are lent.
    pub in_use: usize,
    /// Connections that wait to be.
    pub idle: usize,
    /// How many there can be.
    pub max: usize,
    /// Who waits for one.
    pub waiting: usize,
}

/// How busy the threads are that hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingUse {
    /// Passwords that are being hashed.
    pub running: usize,
    /// Passwords that wait.
    pub waiting: usize,
}

impl Metrics {
    /// Figures that are all zero yet, of a program of this version.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let registry = Registry::new();
        families::BUILD_INFO.gauges(&registry).with_label_values(&[version]).set(1.0);
        Self {
            http: HttpFigures::new(&registry),
            audit: AuditFigures::new(&registry),
            hashing: HashingFigures::new(&registry),
            store: Arc::new(StoreFigures::new(&registry)),
            mails: MailFigures::new(&registry),
            rate_limits_shared: families::RATE_LIMITS_SHARED.gauge(&registry),
            process: ProcessFigures::new(&registry),
            sources: OnceLock::new(),
            registry,
        }
    }

    /// Says where to look up what only shows when it is looked at. Until then the store counts as down.
    ///
    /// # Panics
    ///
    /// If it was said before.
    pub fn look_at(&self, sources: Sources) {
        assert!(self.sources.set(sources).is_ok(), "the figures are of one installation");
    }

    /// A password was hashed, which took `took` after it had waited `waited`.
    pub fn password_hashed(&self, waited: Duration, took: Duration) {
        self.hashing.hashed(waited, took);
    }

    /// A password was refused, because too many were waiting.
    pub fn password_refused(&self) {
        self.hashing.refused();
    }

    /// An attempt at delivery came to its end.
    pub fn mail_delivery_finished(&self, delivery: &Delivery) {
        self.mails.finished(delivery);
    }

    async fn look_up(&self, sources: &Sources) {
        let backlog = timeout(PATIENCE, sources.mails.backlog()).await.ok().and_then(Result::ok);
        self.store.show_up(backlog.is_some());
        self.mails.show(backlog, sources.clock.now());
        self.store.show_connections(&(sources.connections)());
        self.hashing.show((sources.hashing)());
        self.rate_limits_shared.set(f64::from(u8::from((sources.rate_limits_shared)())));
    }
}

#[async_trait]
impl MetricsReader for Metrics {
    async fn read(&self) -> String {
        if let Some(sources) = self.sources.get() {
            self.look_up(sources).await;
        }
        self.process.update();
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect("figures can be written as text")
    }
}

impl HttpObserver for Metrics {
    fn answered(&self, answer: &Answered<'_>) {
        self.http.answered(answer);
    }

    fn rate_limited(&self, group: RouteGroup) {
        self.http.rate_limited(group);
    }
}

impl AuditObserver for Metrics {
    fn observe(&self, event: &AuditEvent) {
        self.audit.observe(event);
    }
}
