use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use portcullis_domain::Actor;
use portcullis_domain::ports::ImportOutcome;
use portcullis_domain::use_cases::{ImportTally, ImportedUser, UseCases};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::cli::{AccountFile, UserImport};
use crate::config::Config;
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::wiring::Installation;
use portcullis_account_files::{AccountFormat, AccountReader, Line};

/// How many accounts are stored with one step.
const BATCH: usize = 5_000;
/// How many batches are read ahead of the store.
const READ_AHEAD: usize = 2;

/// Brings in the accounts of a file, and reports those that were refused.
pub(super) async fn run(config: &Config, import: UserImport) -> anyhow::Result<()> {
    let UserImport { file, report, format } = import;
    let account_format = file.format()?;
    let (input, length) = open(&file)?;
    let mut report = Report::begin(report)?;
    let installation = Installation::for_command(config).await?;
    let use_cases = installation.use_cases;

    let progress = Progress::on_stderr();
    let (mut batches, reading) = read_ahead(input, account_format, use_cases.clone())?;
    let mut tally = ImportTally::default();
    let outcome = async {
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            let octets_read = batch.octets_read;
            store(&use_cases, batch, &mut tally, &mut report).await?;
            progress.show("importing (octets)", octets_read, length);
        }
        reading.await.context("reading broke off")
    };
    let outcome = outcome.await;
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
    outcome.context(
        "the import was interrupted; what was imported stays, and importing the file again goes on",
    )?;
    concluded?;
    ensure!(tally.refused == 0, "{} accounts were refused", tally.refused);
    Ok(())
}

fn open(file: &AccountFile) -> anyhow::Result<(Box<dyn Read + Send>, u64)> {
    let Some(path) = file.path() else {
        return Ok((Box::new(io::stdin()), 0));
    };
    let input = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let length = input.metadata().map_or(0, |metadata| metadata.len());
    Ok((Box::new(input), length))
}

/// Accounts that were read together.
struct Batch {
    /// In the order of the file, with the number of their line.
    accounts: Vec<(u64, ImportedUser)>,
    /// Those that cannot be used, with the number of their line.
    unusable: Vec<(u64, String)>,
    octets_read: u64,
}

/// Reads the file on a thread of its own, while the store is busy with what came before.
fn read_ahead(
    input: Box<dyn Read + Send>,
    format: AccountFormat,
    use_cases: Arc<UseCases>,
) -> anyhow::Result<(mpsc::Receiver<anyhow::Result<Batch>>, JoinHandle<()>)> {
    let mut reader = AccountReader::new(input, format)?;
    let (sender, batches) = mpsc::channel(READ_AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(batch) = read_batch(&mut reader, &use_cases).transpose() {
            let is_last = batch.is_err();
            // Nobody waits for more when the import has failed.
            if sender.blocking_send(batch).is_err() || is_last {
                return;
            }
        }
    });
    Ok((batches, reading))
}

/// The next batch; none at the end of the file.
fn read_batch(
    reader: &mut AccountReader<Box<dyn Read + Send>>,
    use_cases: &UseCases,
) -> anyhow::Result<Option<Batch>> {
    let mut batch = Batch { accounts: Vec::with_capacity(BATCH), unusable: Vec::new(), octets_read: 0 };
    while batch.accounts.len() + batch.unusable.len() < BATCH
        && let Some(Line { number, record }) = reader.next_line()?
    {
        let accept_hash = |text: &str| use_cases.import_users.accept_hash(text);
        let account =
            record.and_then(|record| record.into_imported(accept_hash).map_err(|error| error.to_string()));
        match account {
            Ok(account) => batch.accounts.push((number, account)),
            Err(reason) => batch.unusable.push((number, reason)),
        }
    }
    batch.octets_read = reader.octets_read();
    let is_empty = batch.accounts.is_empty() && batch.unusable.is_empty();
    Ok((!is_empty).then_some(batch))
}

async fn store(
    use_cases: &UseCases,
    batch: Batch,
    tally: &mut ImportTally,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Batch { accounts, unusable: mut refused, .. } = batch;
    let (lines, accounts): (Vec<_>, Vec<_>) = accounts.into_iter().unzip();
    let outcomes = use_cases.import_users.import(accounts).await?;
    for (line, outcome) in lines.into_iter().zip(outcomes) {
        let reason = match outcome {
            ImportOutcome::Imported => {
                tally.imported += 1;
                continue;
            }
            ImportOutcome::Present => {
                tally.present += 1;
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
    tally.refused += refused.len() as u64;
    report.note(&refused)
}

/// Where refused accounts are told: in a file as JSON Lines, or on standard error.
enum Report {
    File { path: PathBuf, output: io::BufWriter<File> },
    StandardError,
}

#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    reason: &'a str,
}

impl Report {
    fn begin(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::StandardError);
        };
        let file = File::create(&path).with_context(|| cannot_be_written(&path))?;
        Ok(Self::File { path, output: io::BufWriter::new(file) })
    }

    fn note(&mut self, refused: &[(u64, String)]) -> anyhow::Result<()> {
        for (line, reason) in refused {
            match self {
                Self::File { path, output } => {
                    let refused = serde_json::to_string(&Refused { line: *line, reason })?;
                    writeln!(output, "{refused}").with_context(|| cannot_be_written(path))?;
                }
                // There is nobody to tell when standard error is gone.
                Self::StandardError => drop(writeln!(io::stderr(), "line {line}: {reason}")),
            }
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File { path, mut output } => output.flush().with_context(|| cannot_be_written(&path)),
            Self::StandardError => Ok(()),
        }
    }
}

fn cannot_be_written(path: &Path) -> String {
    format!("{} cannot be written", path.display())
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
