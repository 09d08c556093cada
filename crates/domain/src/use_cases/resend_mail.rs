use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, DeliverySignal, MailQueue, MailResending, StorageError};
use crate::services::Auditor;
use crate::values::MailId;

/// Lets delivery of a mail begin anew, as operators and administrators do when they have mended what kept it from its
/// recipient.
pub struct ResendMail {
    pub(super) mails: Arc<dyn MailQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) delivery: Arc<dyn DeliverySignal>,
    pub(super) auditor: Auditor,
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
    /// Makes a mail that waits, or was set aside, due now, for `origin`; it is then tried for a day anew. One that is
    /// being delivered is left to who delivers it.
    ///
    /// # Errors
    ///
    /// See [`ResendMailError`].
    pub async fn resend(&self, origin: &Origin, id: MailId) -> Result<(), ResendMailError> {
        let now = self.clock.now();
        let event = self.auditor.event(AuditKind::MailResend, origin, now).with("mail_id", id.to_string());
        if !self.mails.send_again(MailResending { id, now, event: event.clone() }).await? {
            return Err(ResendMailError::NotFound);
        }
        self.auditor.stored(&event);
        self.delivery.mail_queued();
        Ok(())
    }
}
