//! `portcullis copy`: a whole installation, from one store to another.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::error::ErrorKind;
use portcullis_domain::use_cases::{CopiedKind, CopyInstallation, CopyProgress, CopyStage};
use serde::Serialize;

use crate::cli::{Copying, OutputFormat, usage_error};
use crate::config::{Config, DatabaseUrl, Form as _, Refusal};
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::store;

/// What is to be copied, and where to.
pub(super) struct Plan {
    from: DatabaseUrl,
    to: DatabaseUrl,
    format: OutputFormat,
}

impl Plan {
    /// Reads the command line, and refuses what makes no sense without repeating it: there may be
    /// passwords in it.
    pub(super) fn of(copying: Copying) -> Result<Self, clap::Error> {
        let Copying { from, to, format } = copying;
        let url = |flag, url: Result<DatabaseUrl, Refusal>| {
            url.map_err(|Refusal(reason)| {
                let allowed = DatabaseUrl::allowed();
                let message = format!("{flag} cannot be used: it {reason}; allowed: {allowed}");
                usage_error(ErrorKind::ValueValidation, &message)
            })
        };
        let (from, to) = (url("--from", from)?, url("--to", to)?);
        if from == to {
            return Err(usage_error(ErrorKind::ArgumentConflict, "--from and --to name the same store"));
        }
        Ok(Self { from, to, format })
    }
}

/// Copies, verifies, and prints what there is of each kind.
pub(super) async fn run(config: &Config, plan: Plan) -> anyhow::Result<()> {
    let Plan { from, to, format } = plan;
    let source = store::open_source(from, config).await.context("the source cannot be copied")?;
    let target = store::open_target(to, config).await.context("the target cannot take a copy")?;
    let progress = Progress::on_stderr();
    let observer = |copy: CopyProgress| {
        progress.show(&format!("{} {}", activity(copy.stage), copy.kind), copy.done, Some(copy.total));
    };
    let copied = CopyInstallation::new(source, target).copy(&observer).await;
    progress.clear();
    let views: Vec<_> = copied?.iter().map(KindView::of).collect();
    if format.json {
        print_json(&views)?;
    } else {
        print(&table(&views))?;
        print(
            "\nSource and target hold the same. Serve the target with the secret key of the source \
             (PORTCULLIS_SECRET_KEY, or secret.key in its data directory): under another one nobody's \
             session goes on and no signing key can be read.",
        )?;
    }
    Ok(())
}

fn activity(stage: CopyStage) -> &'static str {
    match stage {
        CopyStage::Comparing => "comparing",
        CopyStage::Copying => "copying",
        CopyStage::Verifying => "verifying",
    }
}

/// What was copied of a kind, for people and programs to read.
#[derive(Serialize)]
struct KindView {
    kind: &'static str,
    records: u64,
    new: u64,
    sha256: String,
}

impl KindView {
    fn of(copied: &CopiedKind) -> Self {
        let CopiedKind { kind, tally, new } = copied;
        Self { kind: kind.name(), records: tally.count, new: *new, sha256: tally.checksum.to_string() }
    }
}

fn table(kinds: &[KindView]) -> String {
    let head = format!("{:<17}  {:>9}  {:>9}  SHA-256 OF BOTH", "KIND", "RECORDS", "NEW");
    kinds.iter().fold(head, |mut table, KindView { kind, records, new, sha256 }| {
        write!(table, "\n{kind:<17}  {records:>9}  {new:>9}  {sha256}").expect("a string takes all");
        table
    })
}
