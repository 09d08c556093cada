//! Cases of [`InstallationArchive`].

mod pages;
mod ports;
mod refusals;
mod samples;
mod writing;

use std::sync::Arc;

use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::ports::InstallationArchive;

use crate::Storage;

pub use pages::*;
pub use ports::*;
pub use refusals::*;
pub use writing::*;

/// An archive as the contract suite meets it, with the other ports on the same store.
#[derive(Clone)]
pub struct ArchiveSetup {
    /// The archive.
    pub archive: Arc<dyn InstallationArchive>,
    /// The same store once more, through a pool of its own, as [`Storage::second`].
    pub second: Option<Arc<dyn InstallationArchive>>,
    /// The storage ports.
    pub storage: Storage,
}

impl ArchiveSetup {
    /// Writes what nothing stands in the way of, and gives how many records were new.
    async fn write(&self, records: &[Record]) -> u32 {
        self.archive.write_page(records.to_vec()).await.expect("write a page")
    }

    /// Every record of a kind, read in pages of `limit`.
    async fn read(&self, kind: RecordKind, limit: u32) -> Vec<Record> {
        let (mut read, mut start) = (Vec::new(), kind.first_page());
        loop {
            let page = self.archive.read_page(start, limit).await.expect("read a page");
            assert!(page.len() as u64 <= limit.into(), "a page has {limit} records at most");
            let Some(last) = page.last() else {
                return read;
            };
            start = PageStart::after(last);
            read.extend(page);
        }
    }

    /// Every record of every kind.
    async fn read_everything(&self) -> Vec<Record> {
        let mut read = Vec::new();
        for kind in RecordKind::ALL {
            read.extend(self.read(kind, u32::MAX).await);
        }
        read
    }
}
