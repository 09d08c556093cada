//! The running service: its listeners, and the work in the background.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use anyhow::{Context as _, anyhow};
use portcullis_adapters_crypto::OsEntropy;
use portcullis_adapters_process::{Background, SystemClock};
use portcullis_http_actix::{
    Api, Authentication, HttpOptions, Operations, Readiness, RequestTracer, ServerLimits, serve,
    serve_operations,
};
use portcullis_telemetry::{Metrics, Traces};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{Config, cores};
use crate::listener;
use crate::pages::pages;
use crate::store::Purpose;
use crate::wiring::{DeliveryMetrics, Installation, Limiter, VERSION};

/// The service while it runs.
pub(crate) struct Service {
    address: SocketAddr,
    readiness: Readiness,
    api: ServerHandle,
    operations: Option<ServerHandle>,
    /// Both servers; they end when they are told to.
    servers: JoinSet<io::Result<()>>,
    background: Background,
}

impl Service {
    /// Starts everything, and returns once everything answers. Requests are recorded in `traces`, if there are any.
    pub(crate) async fn start(config: &Config, traces: Option<Arc<Traces>>) -> anyhow::Result<Self> {
        // First of all, since the public URL may need the port, and another instance may have it.
        let listener = listener::bind(config.bind, "PORTCULLIS_BIND")?;
        let operations = config.ops_bind.map(|address| listener::bind(address, "PORTCULLIS_OPS_BIND"));
        let operations = operations.transpose()?;
        let address = listener.local_addr().context("the address of the API cannot be found out")?;

        // From here on it can be asked how far the start is.
        let metrics = Arc::new(Metrics::new(VERSION));
        let readiness = Readiness::default();
        let bare = bare_options(config, &metrics);
        let mut servers = JoinSet::new();
        let operations = match operations {
            Some(listener) => {
                let operations = Operations::new(bare.clone(), readiness.clone());
                Some(start_operations(listener, operations, config, &mut servers).await?)
            }
            None => None,
        };

        let public_url = config.public_url_at(address);
        let installation = Installation::open(config, Purpose::Service, &public_url, &metrics).await?;
        installation.prepare_keys(config).await?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }

        let limiter = Limiter::start(config).await;
        let options = HttpOptions {
            rate_limiting: limiter.limiting(config),
            tracer: traces.map(|traces| traces as Arc<dyn RequestTracer>),
            locales: installation.locales.clone(),
            ..bare
        };
        installation.show_in(&metrics, limiter);
        let pages = pages(config, &public_url, installation.form_tokens.clone())?;
        let api = Api::new(installation.use_cases.clone(), options)
            .with_readiness(readiness.clone())
            .with(move |routes| pages.configure(routes));
        let limits = ServerLimits { workers: cores().get(), shutdown_grace: config.shutdown_grace };
        let api = start_server(serve(listener, api, limits), &mut servers).await?;

        let Installation { use_cases, delivery, .. } = installation;
        let background = Background::start(use_cases, delivery, Some(Arc::new(DeliveryMetrics(metrics))));
        tracing::info!(version = VERSION, %address, %public_url, "serving");
        Ok(Self { address, readiness, api, operations, servers, background })
    }

    /// Where the API is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until one of the servers ends without having been told to, which none should.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        match self.servers.join_next().await {
            Some(Ok(Err(error))) => anyhow::Error::new(error).context("a server broke down"),
            _ => anyhow!("a server ended by itself"),
        }
    }

    /// Ends everything until `end`: readiness first, then the API once the requests that it has taken are answered,
    /// and last the operations listener, which tells until then how the service is.
    ///
    /// For a tenth of the time new connections are still taken, until load balancers have seen that the
    /// service is not ready any more: who is sent here meanwhile is not turned away.
    pub(crate) async fn stop(mut self, end: Instant) {
        self.readiness.begin_shutdown();
        let background = self.background.stop();
        sleep(end.saturating_duration_since(Instant::now()) / 10).await;
        let (answered, delivered) =
            tokio::join!(timeout_at(end, self.api.stop(true)), timeout_at(end, background));
        if answered.is_err() {
            tracing::warn!("the time to answer running requests is over; what still runs is broken off");
        }
        if delivered.is_err() {
            tracing::warn!("deliveries that took too long were broken off; their mails stay queued");
        }
        if let Some(operations) = self.operations {
            operations.stop(false).await;
        }
        while let Ok(Some(_)) = timeout_at(end, self.servers.join_next()).await {}
    }
}

async fn start_operations(
    listener: TcpListener,
    operations: Operations,
    config: &Config,
    servers: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<ServerHandle> {
    let address =
        listener.local_addr().context("the address of the operations listener cannot be found out")?;
    let handle = start_server(serve_operations(listener, operations, config.shutdown_grace), servers).await?;
    tracing::info!(%address, "operations listener started");
    Ok(handle)
}

/// Starts the threads of a server and lets it run on.
async fn start_server(
    server: io::Result<Server>,
    servers: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<ServerHandle> {
    let mut server = server.context("a server cannot be set up")?;
    // The first poll starts the threads, and fails when that fails.
    tokio::select! {
        biased;
        ended = &mut server => ended.context("a server cannot be started")?,
        () = async {} => {}
    }
    let handle = server.handle();
    servers.spawn(server);
    Ok(handle)
}

/// As much as can be said of the HTTP interface before there is an installation.
fn bare_options(config: &Config, metrics: &Arc<Metrics>) -> HttpOptions {
    let authentication =
        if config.auth_enabled { Authentication::AccessTokens } else { Authentication::BuiltInAdministrator };
    HttpOptions {
        authentication,
        cors_origins: config.cors_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        trusted_proxies: config.trusted_proxies.iter().copied().collect(),
        rate_limiting: None,
        locales: Vec::new(),
        default_locale: config.locale.clone(),
        observer: Some(metrics.clone()),
        metrics: Some(metrics.clone()),
        ..HttpOptions::new(Arc::new(SystemClock), Arc::new(OsEntropy))
    }
}
