use std::sync::Arc;

use crate::audit::{AuditEvent, AuditKind};
use crate::paging::{Page, PageLimit};
use crate::ports::{AuditQuery, AuditTrail, StorageError};
use crate::secrets::Cursors;
use crate::values::{Timestamp, UserId};

/// Which list its cursors are for.
const LIST: &str = "audit events";

/// Shows the audit trail, a page at a time.
pub struct ListAuditEvents {
    pub(super) trail: Arc<dyn AuditTrail>,
    pub(super) cursors: Cursors,
}

/// Which events are asked for; what is not given does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those that this user did or that concern them.
    pub user: Option<UserId>,
    /// Those of this kind.
    pub kind: Option<AuditKind>,
    /// Those at this moment or later.
    pub since: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListAuditEventsError {
    /// The cursor was not handed out for this list with this filter.
    #[error("the cursor is of no such list")]
    InvalidCursor,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ListAuditEvents {
    /// The events that `filter` lets through, the newest first, from where `cursor` says.
    ///
    /// # Errors
    ///
    /// See [`ListAuditEventsError`].
    pub async fn list(
        &self,
        filter: AuditFilter,
        cursor: Option<&str>,
        limit: PageLimit,
    ) -> Result<Page<AuditEvent>, ListAuditEventsError> {
        let AuditFilter { user, kind, since, until } = filter;
        let user_text = user.map(|user| user.to_string());
        let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.unix_micros().to_string());
        let (since_text, until_text) = (moment(since), moment(until));
        let scope =
            [user_text.as_deref(), kind.map(AuditKind::name), since_text.as_deref(), until_text.as_deref()];
        let before = cursor
            .map(|text| self.cursors.read(LIST, &scope, text).ok_or(ListAuditEventsError::InvalidCursor))
            .transpose()?
            .map(Into::into);
        let found =
            self.trail.list(AuditQuery { user, kind, since, until, before, limit: limit.get() + 1 }).await?;
        Ok(Page::of(found, limit, |last| self.cursors.write(LIST, &scope, last.id.uuid())))
    }
}
