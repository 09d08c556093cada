use crate::audit::AuditEvent;

/// Hears of each event of the audit trail once it is stored: for logs and figures, which may lose it when the
/// process dies or the call that it belongs to is given up.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait AuditObserver: Send + Sync {
    /// Takes note of `event`. MUST return at once.
    fn observe(&self, event: &AuditEvent);
}
