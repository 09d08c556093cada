//! `portcullis serve`: the service itself, from its first moment to its last.

use anyhow::Context as _;

use crate::config::Config;
use crate::output::print;
use crate::service::Service;
use crate::shutdown::EndSignals;

/// Serves until a signal asks for the end.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let mut signals = EndSignals::take_over().context("the signals that end a process cannot be had")?;
    let mut service = tokio::select! {
        started = Service::start(config) => started?,
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
        () = service.stop(config.shutdown_grace) => tracing::info!("shut down"),
        signal = signals.received() => tracing::warn!(signal, "asked again, so ended at once"),
    }
    Ok(())
}
