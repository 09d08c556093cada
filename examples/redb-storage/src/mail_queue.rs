use async_trait::async_trait;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::{MailQueue, MailResending, StorageError};
use portcullis_domain::{MailId, Timestamp};

use crate::RedbStore;
use crate::records::{Changes as _, Lookups as _, MAILS};
use crate::tables::{Reads, Writes as _};

#[async_trait]
impl MailQueue for RedbStore {
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        self.write(move |store| store.queue(mail)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        self.write(move |store| {
            let is_due = |record: &MailRecord| due_at(record.state).is_some_and(|due_at| due_at <= now);
            let due = store.all(&MAILS, is_due)?.into_iter();
            let Some(mut record) = due.min_by_key(|record| (due_at(record.state), record.mail.id)) else {
                return Ok(None);
            };
            record.attempts += 1;
            record.state = MailState::Claimed { leased_until };
            store.put(&MAILS, &record.mail.id, &record)?;
            Ok(Some(ClaimedMail { mail: record.mail, attempt: record.attempts, leased_until }))
        })
        .await
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        let claim = claim.clone();
        self.write(move |store| match claimed(store, &claim)? {
            Some(record) => store.remove(&MAILS, &record.mail.id).map(drop),
            None => Ok(()),
        })
        .await
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        let (claim, reason) = (claim.clone(), reason.to_owned());
        self.write(move |store| {
            let Some(record) = claimed(store, &claim)? else {
                return Ok(());
            };
            if store.one_like_it_waits(&record.mail)? {
                return store.remove(&MAILS, &record.mail.id).map(drop);
            }
            let state = MailState::Waiting { due_at };
            let record = MailRecord { state, last_failure: Some(reason), ..record };
            store.put(&MAILS, &claim.mail.id, &record)
        })
        .await
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        let (claim, reason) = (claim.clone(), reason.to_owned());
        self.write(move |store| {
            let Some(record) = claimed(store, &claim)? else {
                return Ok(());
            };
            let record = MailRecord { state: MailState::Parked, last_failure: Some(reason), ..record };
            store.put(&MAILS, &claim.mail.id, &record)
        })
        .await
    }

    async fn list(&self, after: Option<MailId>, limit: u32) -> Result<Vec<MailRecord>, StorageError> {
        let is_later = move |record: &MailRecord| after.is_none_or(|after| record.mail.id > after);
        self.read(move |store| store.first(&MAILS, limit, is_later)).await
    }

    async fn backlog(&self) -> Result<MailBacklog, StorageError> {
        let mails = self.read(|store| store.all(&MAILS, |_| true)).await?;
        let due: Vec<_> = mails.iter().filter_map(|record| due_at(record.state)).collect();
        Ok(MailBacklog {
            pending: due.len() as u64,
            parked: (mails.len() - due.len()) as u64,
            oldest_due_at: due.into_iter().min(),
        })
    }

    async fn send_again(&self, resending: MailResending) -> Result<bool, StorageError> {
        self.write(move |store| {
            let MailResending { id, now, event } = resending;
            let Some(mut record) = store.get(&MAILS, &id)? else {
                return Ok(false);
            };
            store.record(&event)?;
            if record.state == MailState::Parked && store.one_like_it_waits(&record.mail)? {
                store.remove(&MAILS, &id)?;
            } else if !matches!(record.state, MailState::Claimed { .. }) {
                record.state = MailState::Waiting { due_at: now };
                record.attempts = 0;
                record.mail.queued_at = now;
                store.put(&MAILS, &id, &record)?;
            }
            Ok(true)
        })
        .await
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

/// The mail, if this claim is the latest one, and it has neither been given back nor set aside.
fn claimed(store: &impl Reads, claim: &ClaimedMail) -> Result<Option<MailRecord>, StorageError> {
    let record = store.get(&MAILS, &claim.mail.id)?;
    Ok(record.filter(|record| {
        record.attempts == claim.attempt
            && record.state == MailState::Claimed { leased_until: claim.leased_until }
    }))
}
