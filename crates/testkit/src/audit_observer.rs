use std::sync::{Mutex, PoisonError};

use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::AuditObserver;

/// An observer that keeps what it is told.
///
/// ```
/// use portcullis_domain::audit::AuditKind;
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// domain.signed_in("ada@example.com").await;
/// let told: Vec<_> = domain.audit_observer.told().into_iter().map(|event| event.kind).collect();
/// assert_eq!(told, [AuditKind::Registration, AuditKind::EmailVerification, AuditKind::Login]);
/// # });
/// ```
#[derive(Debug, Default)]
pub struct RecordingObserver(Mutex<Vec<AuditEvent>>);

impl RecordingObserver {
    /// Every event that it was told, in the order in which it was.
    #[must_use]
    pub fn told(&self) -> Vec<AuditEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AuditObserver for RecordingObserver {
    fn observe(&self, event: &AuditEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}
