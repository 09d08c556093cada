//! The audit trail as log records, for who collects logs, and who else hears of it.

use std::sync::Arc;

use portcullis_domain::UserAgent;
use portcullis_domain::audit::{AuditEvent, AuditOutcome};
use portcullis_domain::ports::AuditObserver;

/// Both hear of each event.
pub(crate) struct AuditObservers(pub(crate) [Arc<dyn AuditObserver>; 2]);

impl AuditObserver for AuditObservers {
    fn observe(&self, event: &AuditEvent) {
        for observer in &self.0 {
            observer.observe(event);
        }
    }
}

/// Logs each event as one record of the target `audit`: failures as warnings.
pub(crate) struct AuditLog;

impl AuditObserver for AuditLog {
    fn observe(&self, event: &AuditEvent) {
        macro_rules! record {
            ($level:ident) => {
                tracing::$level!(
                    target: "audit",
                    event_id = %event.id,
                    kind = event.kind.name(),
                    outcome = event.outcome.name(),
                    actor_id = event.actor.map(tracing::field::display),
                    subject_id = event.subject.map(tracing::field::display),
                    ip = event.client.ip.map(tracing::field::display),
                    user_agent = event.client.user_agent.as_ref().map(UserAgent::as_str),
                    detail = detail(event),
                    "audit event"
                )
            };
        }
        match event.outcome {
            AuditOutcome::Success => record!(info),
            AuditOutcome::Failure => record!(warn),
        }
    }
}

/// `name=value` for each, which have no spaces in them.
pub(crate) fn detail(event: &AuditEvent) -> Option<String> {
    let pairs: Vec<_> = event.detail.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join(" "))
}
