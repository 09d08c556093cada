//! `portcullis user import`: the accounts of a file.

mod batch;
mod report;

use std::collections::{HashSet, VecDeque};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use portcullis_domain::Actor;
use portcullis_domain::ports::{ImportOutcome, StorageError};
use portcullis_domain::use_cases::{ImportTally, UseCases};
use serde::Serialize;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, block_in_place};

use crate::cli::{AccountFile, OutputFormat, UserImport};
use crate::config::Config;
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::shutdown::EndSignals;
use crate::wiring::Installation;

use batch::{Batch, Claim, read_ahead};
use report::Report;

/// How many batches are stored at the same time. A server stores each on a processor of its own.
const LANES: usize = 2;

/// Brings in the accounts of a file, and reports those that were refused.
///
/// A signal that asks for the end is followed when what is under way is stored, reported and noted; a second one at
/// once.
pub(super) async fn run(config: &Config, import: UserImport) -> anyhow::Result<()> {
    let UserImport { file, report, format } = import;
    let account_format = file.format()?;
    let (input, length) = open(&file)?;
    if let (Some(file), Some(report)) = (file.path(), &report) {
        ensure!(!is_same(file, report), "the report would overwrite what is to be imported");
    }
    let report = Report::begin(report)?;
    let use_cases = Installation::for_first_command(config).await?.use_cases;

    let (batches, reading) = read_ahead(input, account_format, use_cases.clone())?;
    let signals = EndSignals::take_over().context("the signals that end a process cannot be had")?;
    let stop = Arc::new(Notify::new());
    let progress = Progress::on_stderr();
    let (tally, under_way) = (ImportTally::default(), VecDeque::new());
    let import = Import { use_cases, length, progress, report, tally, under_way, stop: stop.clone() };
    // A task of its own: a report that nobody reads keeps it, and must not keep the signals.
    let import = tokio::spawn(import.run(batches, reading, format));
    tokio::select! {
        outcome = import => outcome.context("the import broke off")?,
        () = asked_twice(signals, &stop) => bail!(
            "the import was ended at once, and does not stand in the audit trail; {}", WHAT_STAYS
        ),
    }
}

/// What to know of an import that did not come to its end.
const WHAT_STAYS: &str = "what was imported stays, and importing the file again goes on";

/// Waits for two signals that ask for the end, and hands the first one on.
async fn asked_twice(mut signals: EndSignals, stop: &Notify) {
    signals.received().await;
    stop.notify_one();
    signals.received().await;
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// What is to be read, and how long it is, if that is known.
fn open(file: &AccountFile) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    let Some(path) = file.path() else {
        return Ok((Box::new(io::stdin()), None));
    };
    let input = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    // What is no file, such as a pipe, has no length to speak of.
    let length = input.metadata().ok().filter(Metadata::is_file).map(|metadata| metadata.len());
    Ok((Box::new(input), length))
}

/// An import that goes on.
struct Import {
    use_cases: Arc<UseCases>,
    /// Of the file, in octets, if it is known.
    length: Option<u64>,
    progress: Progress,
    report: Report,
    tally: ImportTally,
    /// In the order of the file.
    under_way: VecDeque<Storing>,
    /// Asks for the end.
    stop: Arc<Notify>,
}

/// A batch that is being stored.
struct Storing {
    lines: Vec<u64>,
    unusable: Vec<(u64, String)>,
    octets_read: u64,
    claims: HashSet<Claim>,
    outcomes: JoinHandle<Result<Vec<ImportOutcome>, StorageError>>,
}

impl Import {
    /// Stores what is read, notes it, and says what came of it.
    async fn run(
        mut self,
        batches: mpsc::Receiver<anyhow::Result<Batch>>,
        reading: JoinHandle<()>,
        format: OutputFormat,
    ) -> anyhow::Result<()> {
        let mut outcome = self.store_all(batches).await;
        while let Some(storing) = self.under_way.pop_front() {
            outcome = outcome.and(self.conclude(storing).await);
        }
        // Else it may wait for more of a file that nobody writes.
        if outcome.is_ok() {
            outcome = reading.await.context("reading broke off");
        }
        let Self { use_cases, progress, tally, report, .. } = self;
        progress.clear();
        let concluded = if tally == ImportTally::default() {
            Ok(())
        } else {
            use_cases.import_users.conclude(&Actor::operator(), tally).await
        };
        report.finish()?;
        let summary = Summary::of(tally);
        if format.json {
            print_json(&summary)?;
        } else {
            print(&summary.to_string())?;
        }
        outcome.with_context(|| format!("the import was interrupted; {WHAT_STAYS}"))?;
        concluded?;
        ensure!(tally.refused == 0, "{} accounts were refused", tally.refused);
        Ok(())
    }

    /// Of accounts that claim the same, the first one in the file gets it: they are not stored at the same time.
    async fn store_all(&mut self, mut batches: mpsc::Receiver<anyhow::Result<Batch>>) -> anyhow::Result<()> {
        loop {
            let batch = tokio::select! {
                biased;
                () = self.stop.notified() => bail!("a signal asked for its end"),
                batch = batches.recv() => batch,
            };
            let Some(batch) = batch.transpose()? else {
                return Ok(());
            };
            while (self.under_way.len() == LANES || self.contends(&batch))
                && let Some(oldest) = self.under_way.pop_front()
            {
                self.conclude(oldest).await?;
            }
            self.begin(batch);
        }
    }

    fn contends(&self, batch: &Batch) -> bool {
        self.under_way.iter().any(|storing| !storing.claims.is_disjoint(&batch.claims))
    }

    fn begin(&mut self, Batch { accounts, unusable, octets_read, claims }: Batch) {
        let (lines, accounts): (Vec<_>, Vec<_>) = accounts.into_iter().unzip();
        let use_cases = Arc::clone(&self.use_cases);
        let outcomes = tokio::spawn(async move { use_cases.import_users.import(accounts).await });
        self.under_way.push_back(Storing { lines, unusable, octets_read, claims, outcomes });
    }

    async fn conclude(&mut self, storing: Storing) -> anyhow::Result<()> {
        let Storing { lines, unusable: mut refused, octets_read, outcomes, .. } = storing;
        for (line, outcome) in lines.into_iter().zip(outcomes.await??) {
            let reason = match outcome {
                ImportOutcome::Imported => {
                    self.tally.imported += 1;
                    continue;
                }
                ImportOutcome::Present => {
                    self.tally.present += 1;
                    continue;
                }
                ImportOutcome::IdTaken => "id: another account has it",
                ImportOutcome::EmailTaken => "email: another account has it",
                ImportOutcome::UsernameTaken => "username: another account has it",
                ImportOutcome::UnknownRole => "roles: one of them does not exist",
            };
            refused.push((line, reason.to_owned()));
        }
        refused.sort_by_key(|(line, _)| *line);
        self.tally.refused += refused.len() as u64;
        block_in_place(|| self.report.note(&refused))?;
        self.progress.show("importing (octets)", octets_read, self.length);
        Ok(())
    }
}

/// What came of the import, for people and programs to read.
#[derive(Serialize)]
struct Summary {
    imported: u64,
    present: u64,
    refused: u64,
}

impl Summary {
    fn of(ImportTally { imported, present, refused }: ImportTally) -> Self {
        Self { imported, present, refused }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { imported, present, refused } = self;
        write!(formatter, "{imported} imported, {present} were there already, {refused} refused")
    }
}
