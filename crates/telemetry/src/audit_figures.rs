//! Events of the audit trail, and those among them that stand for themselves.

use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome, FailureReason};
use prometheus::{IntCounter, IntCounterVec, Registry};

use crate::families;

pub(crate) struct AuditFigures {
    events: IntCounterVec,
    logins: IntCounterVec,
    refresh_reuse: IntCounter,
}

impl AuditFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        let logins = families::LOGINS.counters(registry);
        // The increase of a counter that was not there before is not seen.
        for outcome in [
            AuditOutcome::Success.name(),
            FailureReason::WrongPassword.name(),
            FailureReason::UnknownAccount.name(),
            FailureReason::AccountDisabled.name(),
            FailureReason::EmailNotVerified.name(),
        ] {
            logins.with_label_values(&[outcome]);
        }
        Self {
            events: families::AUDIT_EVENTS.counters(registry),
            logins,
            refresh_reuse: families::REFRESH_REUSE.counter(registry),
        }
    }

    pub(crate) fn observe(&self, event: &AuditEvent) {
        self.events.with_label_values(&[event.kind.name(), event.outcome.name()]).inc();
        match event.kind {
            AuditKind::Login => self.logins.with_label_values(&[outcome_of_login(event)]).inc(),
            AuditKind::RefreshTokenReuse => self.refresh_reuse.inc(),
            _ => {}
        }
    }
}

fn outcome_of_login(event: &AuditEvent) -> &'static str {
    let reason = event.detail.get("reason").and_then(|name| FailureReason::parse(name).ok());
    match (event.outcome, reason) {
        (AuditOutcome::Failure, Some(reason)) => reason.name(),
        (outcome, _) => outcome.name(),
    }
}
