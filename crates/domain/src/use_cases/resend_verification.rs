use std::sync::Arc;

use crate::mail::{MailKind, QueuedMail};
use crate::policy::Policy;
use crate::ports::{Clock, DeliverySignal, Entropy, MailQueue, StorageError};
use crate::values::{EmailAddress, Locale};

/// Mails a new verification link and code to whoever needs one.
pub struct ResendVerification {
    pub(super) mails: Arc<dyn MailQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) policy: Arc<Policy>,
}

impl ResendVerification {
    /// Queues the mail. Whether an unverified account has the address is found out at delivery, so the
    /// answer and its time are the same for every address.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is queued.
    pub async fn request(&self, email: EmailAddress, locale: Option<Locale>) -> Result<(), StorageError> {
        let locale = locale.unwrap_or_else(|| self.policy.locale.clone());
        let now = self.clock.now();
        let mail = QueuedMail::new(MailKind::VerifyEmail, email, locale, now, self.entropy.as_ref());
        self.mails.enqueue(mail).await?;
        self.delivery.mail_queued();
        Ok(())
    }
}
