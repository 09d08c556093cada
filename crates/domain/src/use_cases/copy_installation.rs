use std::sync::Arc;

use crate::archive::{PageStart, Record, RecordKey, RecordKind, Tally, TallyInProgress};
use crate::ports::{InstallationArchive, RefusedRecord, StorageError, WritePageError};

/// Copies everything that one store keeps to another, and proves that both then hold the same.
///
/// The source is only read. Nothing is written to the target unless all that it holds is part of the same copy:
/// what an interrupted copy left there, or the roles with which every store begins. Whoever copies again goes
/// on where the last one ended.
///
/// Neither store should be in use meanwhile. Whatever is changed all the same is found in the end, when
/// both are read as a whole.
pub struct CopyInstallation {
    source: Arc<dyn InstallationArchive>,
    target: Arc<dyn InstallationArchive>,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub stage: CopyStage,
    /// With records of which kind.
    pub kind: RecordKind,
    /// With how many of them it is done.
    pub done: u64,
    /// With how many it is to be done, as far as could be told when it began.
    pub total: u64,
}

/// What a copy does with each kind of records, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Looks whether those of the target are part of the copy.
    Comparing,
    /// Writes those that the target lacks.
    Copying,
    /// Reads those of the source, then those of the target, and compares their checksums.
    Verifying,
}

/// What was copied of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopiedKind {
    /// Which kind.
    pub kind: RecordKind,
    /// What both stores hold of it.
    pub tally: Tally,
    /// How many of its records the target did not hold before.
    pub new: u64,
}

/// Why a copy did not come to its end. What was copied stays, for the next one to go on from.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target holds a record that is no part of the copy. It is as it was before.
    #[error(
        "the target holds {kind} that the source does not hold, or not like this, the first of them {key}: it \
         must be empty, or hold no more than an interrupted copy of the same source"
    )]
    Occupied {
        /// Of which kind it is.
        kind: RecordKind,
        /// The first such record.
        key: RecordKey,
    },
    /// The target does not take a record.
    #[error("the target does not take a record, so one of the stores was changed meanwhile: {0}")]
    Refused(RefusedRecord),
    /// The stores do not hold the same in the end.
    #[error(
        "source and target do not hold the same {kind} ({} and {}), so one of them was changed meanwhile",
        source_tally.count,
        target_tally.count
    )]
    Differs {
        /// Of which kind.
        kind: RecordKind,
        /// What the source holds of it.
        source_tally: Tally,
        /// What the target holds of it.
        target_tally: Tally,
    },
    /// The source could not be read.
    #[error("the source failed")]
    Source(#[source] StorageError),
    /// The target could not be read or written.
    #[error("the target failed")]
    Target(#[source] StorageError),
}

/// Is told how far a copy is.
type Observer<'a> = &'a (dyn Fn(CopyProgress) + Send + Sync);

impl CopyInstallation {
    /// How many records are read or written at once.
    pub const PAGE: u32 = 500;

    /// From `source` to `target`.
    #[must_use]
    pub fn new(source: Arc<dyn InstallationArchive>, target: Arc<dyn InstallationArchive>) -> Self {
        Self { source, target }
    }

    /// Copies and verifies every kind of records, and tells `observer` after each page how far it is.
    ///
    /// # Errors
    ///
    /// See [`CopyError`].
    pub async fn copy(&self, observer: Observer<'_>) -> Result<Vec<CopiedKind>, CopyError> {
        let mut resumptions = Vec::new();
        for kind in RecordKind::ALL {
            resumptions.push(self.compare(kind, observer).await?);
        }
        let mut new = Vec::new();
        for resumption in resumptions {
            new.push(self.write_rest(resumption, observer).await?);
        }
        let mut copied = Vec::new();
        for (kind, new) in RecordKind::ALL.into_iter().zip(new) {
            copied.push(CopiedKind { kind, tally: self.verify(kind, observer).await?, new });
        }
        Ok(copied)
    }

    /// Makes sure that the source holds all that the target holds, and gives the place from which on the
    /// target lacks something.
    async fn compare(&self, kind: RecordKind, observer: Observer<'_>) -> Result<Resumption, CopyError> {
        let total = self.target.count(kind).await.map_err(CopyError::Target)?;
        let mut progress = Progress::begin(CopyStage::Comparing, kind, total, observer);
        let mut originals = Records::of(self.source.as_ref(), kind);
        let mut held = Pages::of(self.target.as_ref(), kind);
        let mut resumption = Resumption { start: kind.first_page(), records_before: 0 };
        let mut is_gapless = true;
        while let Some(page) = held.next().await.map_err(CopyError::Target)? {
            for record in &page {
                let mut original = originals.next().await.map_err(CopyError::Source)?;
                while original.as_ref().is_some_and(|original| original.key() < record.key()) {
                    is_gapless = false;
                    original = originals.next().await.map_err(CopyError::Source)?;
                }
                if original.as_ref() != Some(record) {
                    return Err(CopyError::Occupied { kind, key: record.key() });
                }
                if is_gapless {
                    resumption.start = PageStart::after(record);
                    resumption.records_before += 1;
                }
            }
            progress.advance(page.len());
        }
        Ok(resumption)
    }

    /// Writes what may be lacking, and says how many records were.
    async fn write_rest(&self, resumption: Resumption, observer: Observer<'_>) -> Result<u64, CopyError> {
        let Resumption { start, records_before } = resumption;
        let kind = start.kind();
        let total = self.source.count(kind).await.map_err(CopyError::Source)?;
        let mut progress = Progress::begin(CopyStage::Copying, kind, total, observer);
        progress.advance(records_before);
        let mut pages = Pages { archive: self.source.as_ref(), start };
        let mut new = 0;
        while let Some(page) = pages.next().await.map_err(CopyError::Source)? {
            let length = page.len();
            new += u64::from(self.target.write_page(page).await.map_err(|error| match error {
                WritePageError::Refused(refused) => CopyError::Refused(refused),
                WritePageError::Storage(error) => CopyError::Target(error),
            })?);
            progress.advance(length);
        }
        Ok(new)
    }

    /// Reads all that both hold, and gives what it is when it is the same.
    async fn verify(&self, kind: RecordKind, observer: Observer<'_>) -> Result<Tally, CopyError> {
        let of_source = self.source.count(kind).await.map_err(CopyError::Source)?;
        let of_target = self.target.count(kind).await.map_err(CopyError::Target)?;
        let mut progress = Progress::begin(CopyStage::Verifying, kind, of_source + of_target, observer);
        let source_tally = tally(&*self.source, kind, &mut progress).await.map_err(CopyError::Source)?;
        let target_tally = tally(&*self.target, kind, &mut progress).await.map_err(CopyError::Target)?;
        if source_tally == target_tally {
            Ok(source_tally)
        } else {
            Err(CopyError::Differs { kind, source_tally, target_tally })
        }
    }
}

/// What an archive holds of a kind.
async fn tally(
    archive: &dyn InstallationArchive,
    kind: RecordKind,
    progress: &mut Progress<'_>,
) -> Result<Tally, StorageError> {
    let mut tally = TallyInProgress::default();
    let mut pages = Pages::of(archive, kind);
    while let Some(page) = pages.next().await? {
        for record in &page {
            tally.add(record);
        }
        progress.advance(page.len());
    }
    Ok(tally.finish())
}

/// Where copying goes on.
struct Resumption {
    /// Up to here the target holds all that the source holds.
    start: PageStart,
    /// How many records that is.
    records_before: usize,
}

/// The records of an archive, page by page.
struct Pages<'a> {
    archive: &'a dyn InstallationArchive,
    start: PageStart,
}

impl<'a> Pages<'a> {
    fn of(archive: &'a dyn InstallationArchive, kind: RecordKind) -> Self {
        Self { archive, start: kind.first_page() }
    }

    /// The next page; none when there are no more records.
    async fn next(&mut self) -> Result<Option<Vec<Record>>, StorageError> {
        let page = self.archive.read_page(self.start, CopyInstallation::PAGE).await?;
        Ok(page.last().map(PageStart::after).map(|next| {
            self.start = next;
            page
        }))
    }
}

/// The records of an archive, one by one.
struct Records<'a> {
    pages: Pages<'a>,
    page: std::vec::IntoIter<Record>,
}

impl<'a> Records<'a> {
    fn of(archive: &'a dyn InstallationArchive, kind: RecordKind) -> Self {
        Self { pages: Pages::of(archive, kind), page: Vec::new().into_iter() }
    }

    async fn next(&mut self) -> Result<Option<Record>, StorageError> {
        if self.page.as_slice().is_empty()
            && let Some(page) = self.pages.next().await?
        {
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}

/// Counts records, and tells how many there were.
struct Progress<'a> {
    so_far: CopyProgress,
    observer: Observer<'a>,
}

impl<'a> Progress<'a> {
    fn begin(stage: CopyStage, kind: RecordKind, total: u64, observer: Observer<'a>) -> Self {
        let so_far = CopyProgress { stage, kind, done: 0, total };
        observer(so_far);
        Self { so_far, observer }
    }

    fn advance(&mut self, records: usize) {
        self.so_far.done += records as u64;
        (self.observer)(self.so_far);
    }
}
