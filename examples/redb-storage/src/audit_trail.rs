use std::collections::HashMap;

use async_trait::async_trait;
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::{AuditQuery, AuditTally, AuditTrail, DayCount, StorageError};

use crate::RedbStore;
use crate::records::{Changes as _, EVENTS};
use crate::tables::{Reads as _, Writes as _};

#[async_trait]
impl AuditTrail for RedbStore {
    async fn append(&self, event: AuditEvent) -> Result<(), StorageError> {
        self.write(move |store| store.record(&event)).await
    }

    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        self.read(move |store| {
            let is_asked_for = |event: &AuditEvent| is_asked_for(event, &query);
            store.last(&EVENTS, query.before.as_ref(), query.limit, is_asked_for)
        })
        .await
    }

    async fn count_by_day(&self, tally: AuditTally) -> Result<Vec<DayCount>, StorageError> {
        let AuditTally { kind, since, at_most } = tally;
        let is_counted = move |event: &AuditEvent| event.kind == kind && event.at >= since;
        let counted = self.read(move |store| store.last(&EVENTS, None, at_most, is_counted)).await?;
        let mut counts = HashMap::new();
        for event in counted {
            *counts.entry((event.at.start_of_day(), event.outcome)).or_default() += 1;
        }
        Ok(counts.into_iter().map(|((day, outcome), events)| DayCount { day, outcome, events }).collect())
    }

    async fn delete_older(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(move |store| {
            let old = store.first(&EVENTS, limit, |event| event.at < before)?;
            old.iter().try_fold(0, |deleted, event| {
                store.remove(&EVENTS, &event.id)?;
                Ok(deleted + 1)
            })
        })
        .await
    }
}

fn is_asked_for(event: &AuditEvent, query: &AuditQuery) -> bool {
    let AuditQuery { user, kind, since, until, .. } = *query;
    user.is_none_or(|user| [event.actor, event.subject].contains(&Some(user)))
        && kind.is_none_or(|kind| event.kind == kind)
        && since.is_none_or(|since| event.at >= since)
        && until.is_none_or(|until| event.at < until)
}
