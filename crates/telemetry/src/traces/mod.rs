//! Traces of requests, sent to a collector of OpenTelemetry.

mod collector;
mod next_trace_id;
mod request_tracer;

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{DynFilterFn, LevelFilter};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use self::collector::Collector;
use self::next_trace_id::NextTraceId;
use self::request_tracer::{REQUEST, SpanKinds};

/// The traces of an installation: those of its requests, down to the store.
///
/// The span of a request is the child of that of its client, if it has told where it stands. What is
/// done in the background belongs to no request, and is in no trace.
///
/// Spans are sent in batches, by a thread of their own. While the collector does not take them they are thrown
/// away, and nobody waits.
pub struct Traces(SdkTracerProvider);

/// Where traces go, and whose they are.
#[derive(Clone)]
pub struct TraceSettings {
    /// What takes them: the whole URL, of OTLP over HTTP.
    pub endpoint: String,
    /// What the collector wants to be told besides, such as a key.
    pub headers: HashMap<String, String>,
    /// How long the collector may take for a batch.
    pub patience: Duration,
    /// What this service is called there.
    pub service_name: String,
    /// Which version of it.
    pub service_version: &'static str,
}

impl Traces {
    /// Begins to send spans as `settings` say, on the threads of `runtime`.
    ///
    /// How many traces are recorded, how large batches are and how long they may wait is read from the environment
    /// variables that OpenTelemetry has for it (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`).
    ///
    /// # Errors
    ///
    /// When the endpoint is no URL, or the certificates that the system trusts cannot be read.
    pub fn start(settings: TraceSettings, runtime: Handle) -> Result<Self, StartError> {
        let TraceSettings { endpoint, headers, patience, service_name, service_version } = settings;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(patience, runtime)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_headers(headers)
            .with_timeout(patience)
            .build()?;
        let version = opentelemetry::KeyValue::new("service.version", service_version);
        let resource = Resource::builder().with_service_name(service_name).with_attribute(version).build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_id_generator(NextTraceId::default())
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// Takes the spans of requests, for the subscriber of the process.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = SpanKinds(self.0.tracer("portcullis"));
        let spans_of_requests = DynFilterFn::new(|metadata, context: &Context<'_, S>| {
            is_ours(metadata) && (metadata.name() == REQUEST || context.lookup_current().is_some())
        })
        .with_max_level_hint(LevelFilter::DEBUG)
        .with_callsite_filter(|metadata| {
            if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
        });
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(spans_of_requests)
    }

    /// Sends what is left, and gives up when `patience` is over. Blocks meanwhile, and nothing is recorded
    /// afterwards.
    pub fn flush(&self, patience: Duration) {
        if self.0.shutdown_with_timeout(patience).is_err() {
            tracing::warn!("the last spans were not sent in time");
        }
    }
}

/// Records of the log are none of it, nor are the spans of libraries.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("portcullis")
}

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    /// The exporter cannot be set up.
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}
