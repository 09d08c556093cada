//! What comes to the audit trail by a step.

use std::collections::BTreeSet;

use portcullis_domain::AuditEventId;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::AuditQuery;

use crate::Storage;

/// All that ever happened.
pub(super) const EVERYTHING: AuditQuery =
    AuditQuery { user: None, kind: None, since: None, until: None, before: None, limit: u32::MAX };

/// The trail of a store, watched.
pub(super) struct Trail<'a> {
    storage: &'a Storage,
    known: BTreeSet<AuditEventId>,
}

impl<'a> Trail<'a> {
    /// Begins to watch.
    pub(super) async fn of(storage: &'a Storage) -> Self {
        let mut trail = Self { storage, known: BTreeSet::new() };
        trail.news().await;
        trail
    }

    /// What came to it since it was looked at last, by the ids.
    pub(super) async fn news(&mut self) -> Vec<AuditEvent> {
        let mut events = self.storage.audit_trail.list(EVERYTHING).await.expect("list");
        events.retain(|event| self.known.insert(event.id));
        events.sort_unstable_by_key(|event| event.id);
        events
    }

    /// Expects that exactly these came to it by `step`, in whatever order.
    pub(super) async fn gains<const N: usize>(&mut self, mut wanted: [AuditEvent; N], step: &str) {
        wanted.sort_unstable_by_key(|event| event.id);
        assert_eq!(self.news().await, wanted, "{step} is in the trail, and nothing besides");
    }

    /// Expects that nothing came to it by `step`.
    pub(super) async fn gains_nothing(&mut self, step: &str) {
        assert_eq!(self.news().await, [], "{step} leaves nothing in the trail");
    }
}
