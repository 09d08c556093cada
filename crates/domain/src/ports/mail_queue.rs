use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::mail::{ClaimedMail, MailBacklog, MailRecord, QueuedMail};
use crate::values::{MailId, Timestamp};

/// Mails that wait for delivery, shared by all instances.
///
/// A mail *waits* from when it is queued until it is claimed, and again from when it is given back. Two
/// mails are *alike* when they are of the same [kind](QueuedMail::kind) to the same
/// [recipient](QueuedMail::recipient).
///
/// Wherever a mail comes to wait, queued here, queued with the change that causes it, given back or sent
/// again, one like it that waits already MUST stand for both, unchanged, however it is raced: many
/// requests send few mails. Any other mail MUST stand for none. What one that is being delivered says may
/// be outdated already, and it stays claimed, even when its lease ran out, until a claimant has the last
/// word.
///
/// Proven by the cases `a_mail_that_waits_already_stands_for_both`, `a_claimed_mail_stands_for_none`,
/// `a_lease_that_ran_out_loses_no_mail`, `raced_requests_queue_one_mail`,
/// `raced_returns_and_requests_leave_one_mail` and `mails_sent_again_in_a_race_leave_one`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Queues a mail that no change causes, to be delivered at once.
    ///
    /// Proven by the case `a_mail_is_kept_as_it_was_given`.
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
    /// Proven by the cases `a_claimed_mail_is_nobody_elses`, `a_lease_that_ran_out_frees_the_mail`,
    /// `a_late_claimant_changes_nothing`, `a_mail_is_kept_as_it_was_given` and
    /// `the_mail_due_longest_is_claimed_first`.
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
    /// Proven by the cases `a_late_delivery_counts_when_nobody_claimed_since` and
    /// `a_late_claimant_changes_nothing`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it stays, and is delivered again when the lease runs out.
    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError>;

    /// Gives a mail back, to be claimed again from `due_at` on, and notes the reason for operators to read.
    ///
    /// MUST remove it instead when one like it waits. MUST do nothing when the mail was claimed again since.
    ///
    /// Proven by the cases `a_mail_given_back_waits_until_it_is_due` and
    /// `a_mail_given_back_yields_to_one_that_waits`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is due when the lease runs out.
    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError>;

    /// Sets a mail aside for good, with the reason for operators to read.
    ///
    /// MUST do nothing when the mail was claimed again since.
    ///
    /// Proven by the case `a_parked_mail_is_kept_and_not_claimed`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is due when the lease runs out.
    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError>;

    /// What is in the queue, by [`MailId`]: up to `limit` mails after this one, or from the first on.
    ///
    /// Proven by the cases `operators_see_how_each_mail_stands` and `mails_are_listed_in_pages`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self, after: Option<MailId>, limit: u32) -> Result<Vec<MailRecord>, StorageError>;

    /// How much is in the queue.
    ///
    /// Proven by the case `operators_see_how_much_is_in_the_queue`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn backlog(&self) -> Result<MailBacklog, StorageError>;

    /// Lets a mail begin anew, and says whether there is one with this id.
    ///
    /// A mail that is parked or waits MUST be due at `resending.now`, as if it had been queued then: its attempts are
    /// counted from zero, and [`queued_at`](QueuedMail::queued_at) is that moment. Its last failure stays to be
    /// read until there is another. A parked mail MUST be removed instead when one like it waits. A mail
    /// that is claimed MUST be left alone: it is being delivered.
    ///
    /// Proven by the cases `a_parked_mail_sent_again_begins_anew`,
    /// `a_waiting_mail_sent_again_is_due_at_once`, `a_claimed_mail_sent_again_is_left_alone`,
    /// `a_mail_sent_again_yields_to_one_that_waits`, `a_mail_that_is_gone_is_not_sent_again` and
    /// `a_mail_sent_again_is_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it stays as it is.
    async fn send_again(&self, resending: MailResending) -> Result<bool, StorageError>;
}

/// A mail to be sent again.
#[derive(Clone, Debug)]
pub struct MailResending {
    /// Which one.
    pub id: MailId,
    /// The moment.
    pub now: Timestamp,
    /// Tells of it, if there is such a mail.
    pub event: AuditEvent,
}
