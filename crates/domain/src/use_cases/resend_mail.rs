use std::sync::Arc;

use crate::ports::{Clock, DeliverySignal, MailQueue, StorageError};
use crate::values::MailId;

/// Lets delivery of a mail begin anew, as operators do when they have mended what kept it from its
/// recipient.
pub struct ResendMail {
    pub(super) mails: Arc<dyn MailQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
}

/// Why a mail is not sent again.
#[derive(Debug, thiserror::Error)]
pub enum ResendMailError {
    /// It was delivered, or has nobody to go to any more, or never was.
    #[error("there is no such mail in the queue")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ResendMail {
    /// Makes a mail due now that was set aside or waits, with a day of attempts before it. One that is
    /// being delivered is left to who delivers it.
    ///
    /// # Errors
    ///
    /// See [`ResendMailError`].
    pub async fn resend(&self, id: MailId) -> Result<(), ResendMailError> {
        if !self.mails.send_again(id, self.clock.now()).await? {
            return Err(ResendMailError::NotFound);
        }
        self.delivery.mail_queued();
        Ok(())
    }
}
