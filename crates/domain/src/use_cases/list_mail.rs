use std::sync::Arc;

use crate::mail::MailRecord;
use crate::ports::{MailQueue, StorageError};
use crate::values::MailId;

/// Shows operators what is in the mail queue.
pub struct ListMail {
    pub(super) mails: Arc<dyn MailQueue>,
}

impl ListMail {
    /// The most mails that one call gives.
    pub const PAGE: u32 = 200;

    /// The mails after this one, or from the oldest on; none when there are no more.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn list(&self, after: Option<MailId>) -> Result<Vec<MailRecord>, StorageError> {
        self.mails.list(after, Self::PAGE).await
    }
}
