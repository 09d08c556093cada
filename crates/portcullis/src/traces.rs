//! Traces: whether they are recorded, and where they are sent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use portcullis_telemetry::{TraceSettings, Traces};
use tokio::runtime::Handle;

use crate::config::Config;
use crate::wiring::VERSION;

/// Begins to record traces if there is a collector for them, and sends them on the threads of `runtime`.
pub(crate) fn start(config: &Config, runtime: &Handle) -> anyhow::Result<Option<Arc<Traces>>> {
    let Some(collector) = &config.otel_exporter_otlp_endpoint else {
        return Ok(None);
    };
    let settings = TraceSettings {
        endpoint: format!("{collector}/v1/traces"),
        headers: config.otel_exporter_otlp_headers.0.clone(),
        patience: Duration::from_millis(config.otel_exporter_otlp_timeout.into()),
        service_name: config.otel_service_name.clone(),
        service_version: VERSION,
    };
    let traces = Traces::start(settings, runtime.clone())
        .context("traces cannot be sent (OTEL_EXPORTER_OTLP_ENDPOINT)")?;
    Ok(Some(Arc::new(traces)))
}
