use std::sync::{Mutex, PoisonError};

use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::AuditObserver;

/// An observer that keeps what it is told.
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
