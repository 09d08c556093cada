use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::UseCases;
use tokio::time::timeout;

/// How long the store may take to answer before it counts as away: less than what asks usually waits, which is a
/// second where Kubernetes asks.
const PATIENCE: Duration = Duration::from_millis(800);

/// Whether this instance wants to be sent requests; every clone knows.
///
/// At first it does not: it is starting, until an [`Api`](crate::Api) is made with it.
///
/// ```
/// use portcullis_http_actix::Readiness;
///
/// let readiness = Readiness::default();
/// let seen_by_the_server = readiness.clone();
/// readiness.begin_shutdown();
/// assert!(seen_by_the_server.is_shutting_down());
/// ```
#[derive(Clone, Default)]
pub struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    /// There once the start is over.
    use_cases: OnceLock<Arc<UseCases>>,
    is_shutting_down: AtomicBool,
}

/// Why nobody asked the store, or it did not answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the service is starting")]
    Starting,
    #[error("it did not answer within {PATIENCE:?}")]
    Slow,
}

impl Readiness {
    /// From now on `/health/ready` answers 503, so that load balancers look elsewhere. Requests that come
    /// all the same are still answered, and their connections closed.
    pub fn begin_shutdown(&self) {
        self.0.is_shutting_down.store(true, Ordering::Release);
    }

    /// Whether a shutdown has begun.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.0.is_shutting_down.load(Ordering::Acquire)
    }

    /// The start is over.
    pub(crate) fn begin_service(&self, use_cases: Arc<UseCases>) {
        self.0.use_cases.get_or_init(|| use_cases);
    }

    /// Returns when the store has answered.
    ///
    /// # Errors
    ///
    /// When it does not, or not soon.
    pub(crate) async fn check_store(&self) -> Result<(), StorageError> {
        let Some(use_cases) = self.0.use_cases.get() else {
            return Err(StorageError::unavailable(NoAnswer::Starting));
        };
        soon(use_cases.check_health.check()).await
    }
}

/// A store that answers too late counts as one that does not.
async fn soon(answer: impl Future<Output = Result<(), StorageError>>) -> Result<(), StorageError> {
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(StorageError::unavailable(NoAnswer::Slow)))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_answers_late_counts_as_away_before_who_asks_has_gone() {
        let asked = Instant::now();
        let error = soon(pending()).await.expect_err("it never answers");
        assert!(error.is_unavailable());
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        let slow = async {
            sleep(PATIENCE / 2).await;
            Ok(())
        };
        soon(slow).await.expect("it answers in time");
    }
}
