use async_trait::async_trait;
use portcullis_domain::Timestamp;
use portcullis_domain::mail::{ClaimedMail, QueuedMail};
use portcullis_domain::ports::{MailQueue, StorageError};

use super::MemoryStorage;
use super::state::{MailEntry, State};

#[async_trait]
impl MailQueue for MemoryStorage {
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        self.step("MailQueue::enqueue")?.queue(mail);
        Ok(())
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        let mut state = self.step("MailQueue::claim")?;
        let due = state.mails.iter_mut().filter(|entry| entry.waits() && entry.due_at <= now);
        let Some(entry) = due.min_by_key(|entry| (entry.due_at, entry.mail.id)) else {
            return Ok(None);
        };
        entry.attempts += 1;
        entry.due_at = leased_until;
        entry.leased_until = Some(leased_until);
        Ok(Some(ClaimedMail { mail: entry.mail.clone(), attempt: entry.attempts, leased_until }))
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        self.step("MailQueue::complete")?.mails.retain(|entry| !entry.is_claimed_by(claim));
        Ok(())
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, _reason: &str) -> Result<(), StorageError> {
        if let Some(entry) = self.step("MailQueue::retry")?.claimed(claim) {
            entry.due_at = due_at;
            entry.leased_until = None;
        }
        Ok(())
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        if let Some(entry) = self.step("MailQueue::park")?.claimed(claim) {
            entry.parked = Some(reason.to_owned());
            entry.leased_until = None;
        }
        Ok(())
    }
}

impl State {
    fn claimed(&mut self, claim: &ClaimedMail) -> Option<&mut MailEntry> {
        self.mails.iter_mut().find(|entry| entry.is_claimed_by(claim))
    }
}

impl MailEntry {
    /// Whether this claim is the latest one, and its mail has neither been given back nor set aside.
    fn is_claimed_by(&self, claim: &ClaimedMail) -> bool {
        self.mail.id == claim.mail.id
            && self.attempts == claim.attempt
            && self.leased_until == Some(claim.leased_until)
    }
}
