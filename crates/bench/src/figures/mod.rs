//! All figures of the service, in one run: what is compared is measured in turn, round by round, so that
//! whatever else the machine does meanwhile meets all of it alike.

mod calls;
mod cost;
mod lifecycle;
mod logins;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime;

use crate::machine::{Machine, ProcessorUse};
use crate::placement::Placement;
use crate::report::Report;
use crate::service::Installation;

#[derive(Clone, Debug, Args)]
pub(crate) struct FiguresOptions {
    /// Measure only this; can be given again. Everything unless given
    #[arg(long)]
    only: Vec<Part>,
    /// The release binary
    #[arg(long, default_value = "target/release/portcullis")]
    binary: PathBuf,
    /// How often each figure is measured; its median is reported
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
    /// How long each measurement takes
    #[arg(long, default_value = "3")]
    seconds: u32,
    /// How many clients call at the same time
    #[arg(long, default_value = "16")]
    connections: NonZeroUsize,
    /// Where temporary data folders are made: on the disk to be measured
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Put the figures into this Markdown document, between its marker lines
    #[arg(long, conflicts_with = "only")]
    markdown: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From start to ready, and memory
    Lifecycle,
    /// `GET /me` and refreshes beside a bare handler
    Calls,
    /// Logins beside Argon2 alone, and `GET /me` beside logins
    Logins,
}

impl FiguresOptions {
    fn asks_for(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn installation(&self) -> anyhow::Result<Installation> {
        Installation::new(&self.binary, &self.folder)
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

/// Measures, and reports.
pub(crate) fn run(options: &FiguresOptions) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(options))?;
    println!("{report}");
    options.markdown.as_deref().map_or(Ok(()), |document| report.write_into(document))
}

async fn measure(options: &FiguresOptions) -> anyhow::Result<Report> {
    let machine = Machine::with_data_in(&options.folder)?;
    let before = ProcessorUse::now()?;
    let mut tables = Vec::new();
    if options.asks_for(Part::Lifecycle) {
        tables.extend(lifecycle::measure(options).await?);
    }
    let placement = Placement::apart()?;
    if options.asks_for(Part::Calls) {
        tables.extend(calls::measure(options, &placement).await?);
    }
    if options.asks_for(Part::Logins) {
        tables.extend(logins::measure(options, &placement).await?);
    }
    let others = 100.0 * ProcessorUse::now()?.share_of_others_since(before);
    let setting = vec![
        format!("{machine}."),
        format!("Medians of {} rounds of {} s each.", options.rounds, options.seconds),
        format!("Other programs used {others:.0} % of the machine meanwhile."),
        format!("Starts and memory: on all cores. Calls and logins: {}", placement.describe()),
    ];
    Ok(Report { setting, tables })
}
