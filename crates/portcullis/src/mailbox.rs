//! The mails that the file mailer wrote, for the development pages.

use async_trait::async_trait;
use portcullis_adapters_smtp::{Mailbox, StoredMail};
use portcullis_http_actix::{Mail, MailboxError, MailboxReader};

/// Shows a [`Mailbox`] on the development pages.
pub(crate) struct FileMailbox(pub(crate) Mailbox);

#[async_trait]
impl MailboxReader for FileMailbox {
    async fn list(&self) -> Result<Vec<Mail>, MailboxError> {
        let mails = self.0.newest().await.map_err(|error| MailboxError(error.into()))?;
        Ok(mails.into_iter().map(shown).collect())
    }
}

fn shown(mail: StoredMail) -> Mail {
    let StoredMail { id, to, from, subject, date, text, html, links, code } = mail;
    Mail { id, to, from, subject, date, text, html: Some(html), links, code }
}
