use async_trait::async_trait;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::{MailQueue, MailResending, StorageError};
use portcullis_domain::{MailId, Timestamp};

use super::MemoryStorage;

#[async_trait]
impl MailQueue for MemoryStorage {
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        self.step("MailQueue::enqueue").await?.queue(mail);
        Ok(())
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        let mut state = self.step("MailQueue::claim").await?;
        let records = state.mails.iter_mut().filter_map(|record| Some((due_at(record.state)?, record)));
        let due = records.filter(|(due_at, _)| *due_at <= now);
        let Some((_, record)) = due.min_by_key(|(due_at, record)| (*due_at, record.mail.id)) else {
            return Ok(None);
        };
        record.attempts += 1;
        record.state = MailState::Claimed { leased_until };
        Ok(Some(ClaimedMail { mail: record.mail.clone(), attempt: record.attempts, leased_until }))
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        self.step("MailQueue::complete").await?.mails.retain(|record| !is_claimed_by(record, claim));
        Ok(())
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        let mut state = self.step("MailQueue::retry").await?;
        if state.one_like_it_waits(&claim.mail) {
            state.mails.retain(|record| !is_claimed_by(record, claim));
        } else if let Some(record) = state.mails.iter_mut().find(|record| is_claimed_by(record, claim)) {
            record.state = MailState::Waiting { due_at };
            record.last_failure = Some(reason.to_owned());
        }
        Ok(())
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        let mut state = self.step("MailQueue::park").await?;
        if let Some(record) = state.mails.iter_mut().find(|record| is_claimed_by(record, claim)) {
            record.state = MailState::Parked;
            record.last_failure = Some(reason.to_owned());
        }
        Ok(())
    }

    async fn list(&self, after: Option<MailId>, limit: u32) -> Result<Vec<MailRecord>, StorageError> {
        let state = self.step("MailQueue::list").await?;
        let later = |record: &&MailRecord| after.is_none_or(|after| record.mail.id > after);
        let mut listed: Vec<_> = state.mails.iter().filter(later).cloned().collect();
        listed.sort_unstable_by_key(|record| record.mail.id);
        listed.truncate(limit.try_into().unwrap_or(usize::MAX));
        Ok(listed)
    }

    async fn backlog(&self) -> Result<MailBacklog, StorageError> {
        let state = self.step("MailQueue::backlog").await?;
        let due: Vec<_> = state.mails.iter().filter_map(|record| due_at(record.state)).collect();
        Ok(MailBacklog {
            pending: due.len() as u64,
            parked: (state.mails.len() - due.len()) as u64,
            oldest_due_at: due.into_iter().min(),
        })
    }

    async fn send_again(&self, resending: MailResending) -> Result<bool, StorageError> {
        let MailResending { id, now, event } = resending;
        let mut state = self.step("MailQueue::send_again").await?;
        let Some(index) = state.mails.iter().position(|record| record.mail.id == id) else {
            return Ok(false);
        };
        state.record(event)?;
        let parked = state.mails[index].state == MailState::Parked;
        if parked && state.one_like_it_waits(&state.mails[index].mail) {
            state.mails.remove(index);
            return Ok(true);
        }
        let record = &mut state.mails[index];
        if !matches!(record.state, MailState::Claimed { .. }) {
            record.state = MailState::Waiting { due_at: now };
            record.attempts = 0;
            record.mail.queued_at = now;
        }
        Ok(true)
    }
}

/// From when on a mail can be claimed, if ever.
fn due_at(state: MailState) -> Option<Timestamp> {
    match state {
        MailState::Waiting { due_at } => Some(due_at),
        MailState::Claimed { leased_until } => Some(leased_until),
        MailState::Parked => None,
    }
}

/// Whether this claim is the latest one, and its mail has neither been given back nor set aside.
fn is_claimed_by(record: &MailRecord, claim: &ClaimedMail) -> bool {
    record.mail.id == claim.mail.id
        && record.attempts == claim.attempt
        && record.state == MailState::Claimed { leased_until: claim.leased_until }
}
