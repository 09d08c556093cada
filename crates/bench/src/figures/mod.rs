//! All figures of the service, in one run: what is compared is measured in turn, round by round, so that
//! whatever else the machine does meanwhile meets all of it alike.

mod calls;
mod lifecycle;
mod logins;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::runtime;

use crate::machine::Machine;
use crate::placement::Placement;
use crate::report::Report;
use crate::service::Installation;

#[derive(Clone, Debug, Args)]
pub(crate) struct FiguresOptions {
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
    #[arg(long)]
    markdown: Option<PathBuf>,
}

impl FiguresOptions {
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
    let mut tables = lifecycle::measure(options).await?;
    let placement = Placement::apart().await?;
    tables.extend(calls::measure(options, &placement).await?);
    tables.extend(logins::measure(options, &placement).await?);
    let setting = vec![
        format!("{machine}."),
        format!("Medians of {} rounds of {} s each.", options.rounds, options.seconds),
        format!("Starts and memory: on all cores. Calls and logins: {}", placement.describe()),
    ];
    Ok(Report { setting, tables })
}
