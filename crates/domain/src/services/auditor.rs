use std::sync::Arc;

use crate::audit::{AuditEvent, AuditKind};
use crate::origin::Origin;
use crate::ports::{AuditObserver, Entropy};
use crate::values::Timestamp;

/// Makes the events of the audit trail, and tells of those that were stored.
#[derive(Clone)]
pub(crate) struct Auditor {
    pub(crate) observer: Arc<dyn AuditObserver>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Auditor {
    /// A successful `kind` of event at `now`, to be stored with what it tells of.
    pub(crate) fn event(&self, kind: AuditKind, origin: &Origin, now: Timestamp) -> AuditEvent {
        AuditEvent::new(kind, origin, now, self.entropy.as_ref())
    }

    /// Tells of an event that was stored.
    pub(crate) fn stored(&self, event: &AuditEvent) {
        self.observer.observe(event);
    }
}
