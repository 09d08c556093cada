use std::time::Duration;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::{ClaimedMail, MailRecord, QueuedMail};
use portcullis_domain::ports::MailResending;
use portcullis_domain::{MailId, Timestamp};

use crate::Storage;
use crate::fixtures::event;

pub(super) const LEASE: Duration = Duration::from_micros(120_000_001);

pub(super) async fn enqueue(storage: &Storage, mail: &QueuedMail) {
    storage.mails.enqueue(mail.clone()).await.expect("enqueue");
}

/// Claims for [`LEASE`] the mail that is due at `now`, if one is.
pub(super) async fn claim(storage: &Storage, now: Timestamp) -> Option<ClaimedMail> {
    storage.mails.claim(now, now + LEASE).await.expect("claim")
}

/// Claims for [`LEASE`] the mail that must be due at `now`.
pub(super) async fn claim_due(storage: &Storage, now: Timestamp) -> ClaimedMail {
    claim(storage, now).await.expect("a mail is due")
}

/// Claims for [`LEASE`] the mail that must be due at `now`, and sets it aside.
pub(super) async fn park(storage: &Storage, now: Timestamp, reason: &str) -> MailId {
    let claimed = claim_due(storage, now).await;
    storage.mails.park(&claimed, reason).await.expect("park");
    claimed.mail.id
}

/// All that is in the queue.
pub(super) async fn list(storage: &Storage) -> Vec<MailRecord> {
    storage.mails.list(None, u32::MAX).await.expect("list")
}

/// Whether there is a mail with this id to send again.
pub(super) async fn send_again(storage: &Storage, id: MailId, now: Timestamp) -> bool {
    let event = event(AuditKind::MailResend);
    storage.mails.send_again(MailResending { id, now, event }).await.expect("send again")
}
