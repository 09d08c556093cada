use std::time::Duration;

use portcullis_domain::Timestamp;
use portcullis_domain::ports::{AuditQuery, AuditTrail, Clock as _, SigningKeyRepository, StorageError};

use super::finding::Finding;
use crate::clock::{SystemClock, rfc3339};
use crate::store::Store;

pub(super) const CHECK: &str = "clock";

/// How far the clocks of instances may be apart.
const TOLERANCE: Duration = Duration::from_mins(1);

/// Finds out whether the clock is behind what the store has seen: tokens would be refused as not yet good,
/// and what expired would live on.
pub(super) async fn examine(store: &dyn Store) -> Finding {
    let now = SystemClock.now();
    match newest(store).await {
        Ok(Some(newest)) if newest > now + TOLERANCE => Finding::failed(
            CHECK,
            format!("it is {} here, but the store holds what happened at {}", rfc3339(now), rfc3339(newest)),
            "set the clocks of all instances by NTP",
        ),
        Ok(_) => Finding::ok(CHECK, "it is not behind what the store has seen"),
        Err(error) => Finding::error(CHECK, error, "mend the store first"),
    }
}

/// The latest moment that the store knows of.
async fn newest(store: &dyn Store) -> Result<Option<Timestamp>, StorageError> {
    let query = AuditQuery { user: None, kind: None, since: None, until: None, before: None, limit: 1 };
    let events = AuditTrail::list(store, query).await?;
    let keys = SigningKeyRepository::list(store).await?;
    Ok(events.iter().map(|event| event.at).chain(keys.iter().map(|key| key.created_at)).max())
}
