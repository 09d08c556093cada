//! The folder that the file mailer writes into: its mails, for the development pages, and whether it can be
//! written.

use std::path::Path;

use anyhow::Context as _;
use async_trait::async_trait;
use portcullis_adapters_smtp::{Mailbox, StoredMail};
use portcullis_pages_actix::{Mail, MailboxError, MailboxReader};

/// Shows a [`Mailbox`] on the development pages.
pub(crate) struct FileMailbox(pub(crate) Mailbox);

#[async_trait]
impl MailboxReader for FileMailbox {
    async fn list(&self) -> Result<Vec<Mail>, MailboxError> {
        let mails = self.0.newest().await.map_err(|error| MailboxError(error.into()))?;
        Ok(mails.into_iter().map(shown).collect())
    }
}

/// Finds out whether mails can be written into `folder`, or, where nothing has been written yet, whether it
/// could be made. Leaves nothing behind.
pub(crate) fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(existing)
        .map(drop)
        .with_context(|| format!("mails cannot be written into {}", folder.display()))
}

fn shown(mail: StoredMail) -> Mail {
    let StoredMail { id, to, from, subject, date, text, html, links, code } = mail;
    Mail { id, to, from, subject, date, text, html: Some(html), links, code }
}
