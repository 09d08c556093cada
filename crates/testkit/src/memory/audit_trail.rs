use std::collections::HashMap;

use async_trait::async_trait;
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::{AuditQuery, AuditTally, AuditTrail, DayCount, StorageError};

use super::MemoryStorage;
use super::state::remove_up_to;

#[async_trait]
impl AuditTrail for MemoryStorage {
    async fn append(&self, event: AuditEvent) -> Result<(), StorageError> {
        self.step("AuditTrail::append").await?.record(event)
    }

    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        let state = self.step("AuditTrail::list").await?;
        let found = state.events.values().rev().filter(|event| is_asked_for(event, &query));
        Ok(found.take(query.limit.try_into().unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn count_by_day(&self, tally: AuditTally) -> Result<Vec<DayCount>, StorageError> {
        let state = self.step("AuditTrail::count_by_day").await?;
        let AuditTally { kind, since, at_most } = tally;
        let counted = state.events.values().rev().filter(|event| event.kind == kind && event.at >= since);
        let mut counts = HashMap::new();
        for event in counted.take(at_most.try_into().unwrap_or(usize::MAX)) {
            *counts.entry((event.at.start_of_day(), event.outcome)).or_default() += 1;
        }
        Ok(counts.into_iter().map(|((day, outcome), events)| DayCount { day, outcome, events }).collect())
    }

    async fn delete_older(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let mut state = self.step("AuditTrail::delete_older").await?;
        Ok(remove_up_to(limit, state.events.extract_if(.., |_, event| event.at < before)))
    }
}

fn is_asked_for(event: &AuditEvent, query: &AuditQuery) -> bool {
    let AuditQuery { user, kind, since, until, before, .. } = *query;
    user.is_none_or(|user| [event.actor, event.subject].contains(&Some(user)))
        && kind.is_none_or(|kind| event.kind == kind)
        && since.is_none_or(|since| event.at >= since)
        && until.is_none_or(|until| event.at < until)
        && before.is_none_or(|before| event.id < before)
}
