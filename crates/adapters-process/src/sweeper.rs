//! Deletes what has expired, now and then.

use std::sync::Arc;
use std::time::Duration;

use portcullis_domain::use_cases::UseCases;
use portcullis_domain::with_causes;
use tokio::time::sleep;

use crate::shutdown::ShutdownNotice;

/// How long the store is left alone between sweeps.
const INTERVAL: Duration = Duration::from_mins(5);
/// How long it is left to others between two batches of a sweep.
const BREATH: Duration = Duration::from_millis(100);

/// Sweeps until it shall end.
pub(crate) async fn run(use_cases: Arc<UseCases>, mut shutdown: ShutdownNotice) {
    loop {
        let pause = match use_cases.sweep.sweep().await {
            Ok(true) => BREATH,
            Ok(false) => INTERVAL,
            Err(error) => {
                tracing::warn!(error = with_causes(&error), "could not delete what has expired");
                INTERVAL
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = shutdown.begun() => return,
        }
    }
}
