use std::io;
use std::path::{Path, PathBuf};

use super::{Mail, MailboxError};

/// A folder of `.eml` files whose names are in the order in which they came.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) async fn mails_to(&self, address: &str) -> Result<Vec<Mail>, MailboxError> {
        let folder = self.0.clone();
        let mails = tokio::task::spawn_blocking(move || read(&folder)).await.map_err(io::Error::other)??;
        Ok(mails.into_iter().filter(|mail| mail.is_to(address)).collect())
    }
}

/// Every mail in it. What is not there yet is empty; files that are no mails are passed over.
fn read(folder: &Path) -> io::Result<Vec<Mail>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    let read = |path: PathBuf| Mail::parse(path.file_stem()?.to_str()?, &std::fs::read(&path).ok()?);
    Ok(paths.into_iter().filter_map(read).collect())
}
