//! Reads back the mails that a file mailer wrote.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use mail_parser::{Address, MessageParser};
use portcullis_domain::{OneTimeCode, Timestamp};

use crate::file_name;

/// The folder that a [`FileMailer`](crate::FileMailer) writes to, for a developer to look into.
///
/// Files that are no mails of that mailer are passed over.
#[derive(Clone, Debug)]
pub struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    /// The most mails that [`newest`](Self::newest) shows.
    pub const LIMIT: usize = 200;
    const MAX_OCTETS: u64 = 1 << 20;

    /// The mailbox in `folder`; it is empty while there is no such folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The latest mails, newest first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub async fn newest(&self) -> io::Result<Vec<StoredMail>> {
        let folder = self.folder.clone();
        off_the_runtime(move || {
            let mut ids = ids(&folder)?;
            ids.sort_unstable_by(|left, right| right.cmp(left));
            Ok(ids.iter().filter_map(|id| read(&folder, id)).take(Self::LIMIT).collect())
        })
        .await
    }

    /// The mail with this id; none when there is none.
    ///
    /// # Errors
    ///
    /// When the reading thread fails.
    pub async fn find(&self, id: &str) -> io::Result<Option<StoredMail>> {
        let (folder, id) = (self.folder.clone(), id.to_owned());
        off_the_runtime(move || Ok(file_name::is_stem(&id).then(|| read(&folder, &id)).flatten())).await
    }
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn ids(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let path = PathBuf::from(entry?.file_name());
        if path.extension().is_some_and(|extension| extension == file_name::EXTENSION)
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && file_name::is_stem(stem)
        {
            ids.push(stem.to_owned());
        }
    }
    Ok(ids)
}

/// The mail in one file; none when it is gone, is no regular file, is too large or is no mail.
fn read(folder: &Path, id: &str) -> Option<StoredMail> {
    let path = folder.join(format!("{id}.{}", file_name::EXTENSION));
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut octets = Vec::new();
    File::open(path).ok()?.take(Mailbox::MAX_OCTETS + 1).read_to_end(&mut octets).ok()?;
    if octets.len() as u64 > Mailbox::MAX_OCTETS {
        return None;
    }
    StoredMail::parse(id, &octets)
}

/// One mail as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Names it in this mailbox: the stem of its file.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// Who it is from.
    pub from: String,
    /// What it is about.
    pub subject: String,
    /// When it was written, to the second.
    pub date: Timestamp,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The links in the text part, in order.
    pub links: Vec<String>,
    /// The one-time code in the text part.
    pub code: Option<String>,
}

impl StoredMail {
    fn parse(id: &str, octets: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(octets)?;
        let text = message.body_text(0)?.replace("\r\n", "\n");
        let links = text.split_whitespace().filter(|word| word.contains("://")).map(str::to_owned).collect();
        let code = text.lines().map(str::trim).find(|line| OneTimeCode::parse(line).is_some());
        Some(Self {
            id: id.to_owned(),
            // As it stands: a parser takes `=?utf-8?q?ada?=` before an `@` for an encoded word, which
            // an address cannot hold (RFC 2047 §5).
            to: message.header_raw("To")?.trim().to_owned(),
            from: mailbox(message.from()?)?,
            subject: message.subject()?.to_owned(),
            date: Timestamp::from_unix_micros(message.date()?.to_timestamp().saturating_mul(1_000_000)),
            html: message.body_html(0)?.replace("\r\n", "\n"),
            links,
            code: code.map(str::to_owned),
            text,
        })
    }
}

/// Names the mail; its body may hold secrets.
impl fmt::Debug for StoredMail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoredMail")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

fn mailbox(addresses: &Address) -> Option<String> {
    let first = addresses.first()?;
    let address = first.address()?;
    Some(first.name().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>")))
}
