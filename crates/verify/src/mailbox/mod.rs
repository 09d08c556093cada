//! Where mails of the service can be read.

mod folder;
mod mail;
mod mailpit;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use self::folder::Folder;
pub(crate) use self::mail::Mail;
use self::mailpit::Mailpit;

/// Where mails can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxPlace {
    /// A folder of `.eml` files, such as the file mailer writes.
    Folder(PathBuf),
    /// A mail catcher that speaks the API of Mailpit.
    Mailpit(Url),
}

impl MailboxPlace {
    /// Reads `text` as an `http://` or `https://` URL, or else as a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Url::parse(text) {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Self::Mailpit(url),
            _ => Self::Folder(PathBuf::from(text)),
        }
    }
}

/// Mails as they come.
pub(crate) struct Mailbox {
    place: Place,
    /// The ids of mails that were handed out.
    seen: Mutex<HashSet<String>>,
}

enum Place {
    Folder(Folder),
    Mailpit(Mailpit),
}

/// Why mails cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailboxError {
    #[error("the folder cannot be read: {0}")]
    Folder(#[from] std::io::Error),
    #[error("the mail catcher does not answer: {0}")]
    Mailpit(#[from] reqwest::Error),
    #[error("no mail with {wanted} came to {address} within {} s", .within.as_secs())]
    NothingCame { wanted: &'static str, address: String, within: Duration },
}

impl Mailbox {
    /// How long a mail may take. A busy service sends one in well under a second.
    const DELIVERY: Duration = Duration::from_secs(30);

    pub(crate) fn open(place: &MailboxPlace) -> Result<Self, MailboxError> {
        let place = match place {
            MailboxPlace::Folder(path) => Place::Folder(Folder::new(path)),
            MailboxPlace::Mailpit(url) => Place::Mailpit(Mailpit::new(url)?),
        };
        Ok(Self { place, seen: Mutex::default() })
    }

    /// Every mail to `address` so far.
    pub(crate) async fn mails_to(&self, address: &str) -> Result<Vec<Mail>, MailboxError> {
        match &self.place {
            Place::Folder(folder) => folder.mails_to(address).await,
            Place::Mailpit(mailpit) => mailpit.mails_to(address).await,
        }
    }

    /// The next mail to `address` with a secret in a link, as soon as it is there.
    pub(crate) async fn next_link_to(&self, address: &str) -> Result<Mail, MailboxError> {
        self.next_to(address, "a link", |mail| mail.secret().is_some()).await
    }

    async fn next_to(
        &self,
        address: &str,
        wanted: &'static str,
        is_wanted: impl Fn(&Mail) -> bool,
    ) -> Result<Mail, MailboxError> {
        let deadline = Instant::now() + Self::DELIVERY;
        loop {
            let mails = self.mails_to(address).await?;
            if let Some(mail) = mails.into_iter().find(|mail| is_wanted(mail) && self.is_new(mail)) {
                return Ok(mail);
            }
            if Instant::now() > deadline {
                let address = address.to_owned();
                return Err(MailboxError::NothingCame { wanted, address, within: Self::DELIVERY });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether it was not handed out before; now it is.
    fn is_new(&self, mail: &Mail) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(mail.id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_a_folder_unless_it_is_a_url() {
        assert_eq!(MailboxPlace::parse("data/mailbox"), MailboxPlace::Folder("data/mailbox".into()));
        assert_eq!(MailboxPlace::parse("/srv/mail"), MailboxPlace::Folder("/srv/mail".into()));
        let url = "http://127.0.0.1:8025/";
        assert_eq!(MailboxPlace::parse(url), MailboxPlace::Mailpit(url.parse().unwrap()));
    }
}
