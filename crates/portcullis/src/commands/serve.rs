//! `portcullis serve`: the service itself, from its first moment to its last.

use std::sync::Arc;

use anyhow::Context as _;
use portcullis_telemetry::Traces;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::config::Config;
use crate::output::print;
use crate::service::Service;
use crate::shutdown::EndSignals;

/// Serves until a signal asks for the end. Requests are recorded in `traces`, if there are any.
pub(super) async fn run(config: &Config, traces: Option<Arc<Traces>>) -> anyhow::Result<()> {
    let mut signals = EndSignals::take_over().context("the signals that end a process cannot be had")?;
    let mut service = tokio::select! {
        started = Service::start(config, traces.clone()) => started?,
        signal = signals.received() => {
            tracing::info!(signal, "ended while starting");
            return Ok(());
        }
    };
    print(&format!("listening on http://{}", service.address()))?;
    let signal = tokio::select! {
        signal = signals.received() => signal,
        failure = service.failure() => return Err(failure),
    };
    tracing::info!(signal, grace = ?config.shutdown_grace, "shutting down");
    tokio::select! {
        () = stop(service, config, traces) => tracing::info!("shut down"),
        signal = signals.received() => tracing::warn!(signal, "asked again, so ended at once"),
    }
    Ok(())
}

/// Stops the service, and sends the last spans, all until one end.
async fn stop(service: Service, config: &Config, traces: Option<Arc<Traces>>) {
    let end = Instant::now() + config.shutdown_grace;
    service.stop(end).await;
    if let Some(traces) = traces {
        let flushing = spawn_blocking(move || traces.flush(end.saturating_duration_since(Instant::now())));
        // It does not panic, and if it did the panic is in the log.
        flushing.await.ok();
    }
}
