use async_trait::async_trait;

use super::StorageError;
use crate::mail::{ClaimedMail, QueuedMail};
use crate::values::Timestamp;

/// Mails that wait for delivery, shared by all instances.
///
/// Wherever a mail is queued, here or with the change that causes it, a mail of the same
/// [kind](QueuedMail::kind) to the same [recipient](QueuedMail::recipient) that waits already MUST
/// stand for both: many requests send few mails.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Queues a mail that no change causes, to be delivered at once.
    ///
    /// Proven by the case `a_mail_that_waits_already_stands_for_both`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is not queued.
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError>;

    /// Claims the mail that has been due longest at `now`, until `leased_until`.
    ///
    /// MUST give a mail to one claimant while its lease holds, however it is raced, and give it to
    /// the next one, with its attempt counted, when the lease ran out. MUST skip parked mails.
    ///
    /// Proven by the cases `a_claimed_mail_is_nobody_elses`,
    /// `a_lease_that_ran_out_frees_the_mail` and `a_late_claimant_changes_nothing`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is claimed.
    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError>;

    /// Removes a mail that was delivered, or that has nobody to go to any more.
    ///
    /// MUST do nothing when the mail was claimed again since.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it stays, and is delivered again when the lease runs out.
    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError>;

    /// Gives a mail back, to be claimed again from `due_at` on.
    ///
    /// MUST do nothing when the mail was claimed again since.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is due when the lease runs out.
    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError>;

    /// Sets a mail aside for good, with the reason for operators to read. A parked mail does not
    /// stand for later ones.
    ///
    /// MUST do nothing when the mail was claimed again since.
    ///
    /// Proven by the case `a_parked_mail_is_kept_and_not_claimed`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is due when the lease runs out.
    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError>;
}
