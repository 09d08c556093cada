use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this instance wants to be sent requests; every clone knows.
///
/// ```
/// use portcullis_http_actix::Readiness;
///
/// let readiness = Readiness::default();
/// let seen_by_the_server = readiness.clone();
/// readiness.begin_shutdown();
/// assert!(seen_by_the_server.is_shutting_down());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on `/health/ready` answers 503, so that load balancers look elsewhere. Requests that come
    /// all the same are still answered, and their connections closed.
    pub fn begin_shutdown(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether a shutdown has begun.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
