//! A mailer for development: each mail a file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use lettre::Message;
use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::ports::{Clock, Mailer, MailerError};
use portcullis_domain::{EmailAddress, MailId, Timestamp};

use crate::composer::Composer;
use crate::file_name;

/// Writes each mail as an `.eml` file (RFC 5322) into a folder that only its owner can read.
///
/// A file appears whole and stored, or not at all. Its name sorts by time and holds the mail's id;
/// a mail that is sent again gets a file of its own. [`Mailbox`](crate::Mailbox) reads them back.
pub struct FileMailer {
    folder: PathBuf,
    composer: Composer,
    clock: Arc<dyn Clock>,
}

impl FileMailer {
    /// A mailer into `folder`, which is created, with the folders above it, for its owner only.
    ///
    /// # Errors
    ///
    /// When the folder cannot be created.
    pub fn open(folder: impl Into<PathBuf>, composer: Composer, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let folder = folder.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder, composer, clock })
    }

    /// Writes a mail to `to` that says nothing but that it has arrived.
    ///
    /// # Errors
    ///
    /// [`MailerError`] as of any mail.
    pub async fn send_trial(&self, id: MailId, to: &EmailAddress) -> Result<(), MailerError> {
        let now = self.clock.now();
        self.write(id, &self.composer.compose_trial(id, to, now)?, now).await
    }

    async fn write(&self, id: MailId, message: &Message, now: Timestamp) -> Result<(), MailerError> {
        let (folder, octets) = (self.folder.clone(), message.formatted());
        let written = tokio::task::spawn_blocking(move || store(&folder, now, id, &octets))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|error| {
            MailerError::Transient(format!("cannot write a mail into {}: {error}", self.folder.display()))
        })
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let now = self.clock.now();
        self.write(mail.id, &self.composer.compose(mail, now)?, now).await
    }
}

/// Stores a mail under the first name that is free.
fn store(folder: &Path, now: Timestamp, id: MailId, octets: &[u8]) -> io::Result<()> {
    let mut copy = 1;
    while !store_as(folder, &file_name::stem(now, id, copy), octets)? {
        copy += 1;
    }
    Ok(())
}

/// Stores a mail under `stem`; `false` when that name is taken.
fn store_as(folder: &Path, stem: &str, octets: &[u8]) -> io::Result<bool> {
    let finished = folder.join(format!("{stem}.{}", file_name::EXTENSION));
    let unfinished = folder.join(format!(".{stem}.unfinished"));
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        opened => opened?,
    };
    // Who holds the unfinished file alone may take the name, so it cannot be taken after this look.
    let stored = match finished.try_exists() {
        Ok(false) => file
            .write_all(octets)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&unfinished, &finished))
            .map(|()| true),
        taken => taken.map(|_| false),
    };
    match stored {
        Ok(true) => File::open(folder)?.sync_all().map(|()| true),
        not_stored => {
            std::fs::remove_file(&unfinished)?;
            not_stored
        }
    }
}
