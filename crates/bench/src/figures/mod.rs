//! All figures of the service, in one run: what is compared is measured in turn, round by round, so that
//! whatever else the machine does meanwhile meets all of it alike.

mod beside_floor;
mod calls;
mod enumeration;
mod flood;
mod lifecycle;
mod logins;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio::runtime;

use crate::measuring::Measuring;
use crate::placement::Placement;
use crate::report::{Report, Section};
use crate::scale::start_cluster;

#[derive(Clone, Debug, Args)]
pub(crate) struct FiguresOptions {
    /// Measure only this; can be given again. Everything unless given
    #[arg(long)]
    only: Vec<Part>,
    #[command(flatten)]
    measuring: Measuring,
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
    /// Calls beside the least program that keeps accounts, on both stores
    Floor,
    /// Logins beside Argon2 alone
    Logins,
    /// Many times as many logins as can be served, and other calls beside them
    Flood,
    /// Answers about people with an account beside answers about people without
    Enumeration,
}

impl FiguresOptions {
    fn asks_for(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Measures, and reports.
pub(crate) fn run(options: &FiguresOptions) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(options))?;
    println!("{report}");
    options.markdown.as_deref().map_or(Ok(()), |document| report.write_into(document, Section::FIGURES))
}

async fn measure(options: &FiguresOptions) -> anyhow::Result<Report> {
    let measuring = &options.measuring;
    let begun = measuring.begin()?;
    let mut tables = Vec::new();
    if options.asks_for(Part::Lifecycle) {
        tables.extend(lifecycle::measure(measuring).await?);
    }
    // What is started after that stays on the core of the driver.
    let is_cluster_needed = options.asks_for(Part::Floor) || options.asks_for(Part::Flood);
    let cluster = is_cluster_needed.then(start_cluster).transpose()?;
    let placement = Placement::apart()?;
    if options.asks_for(Part::Calls) {
        tables.extend(calls::measure(measuring, &placement).await?);
    }
    if let Some(cluster) = cluster.as_ref().filter(|_| options.asks_for(Part::Floor)) {
        tables.extend(beside_floor::measure(measuring, &placement, cluster).await?);
    }
    if options.asks_for(Part::Logins) {
        tables.extend(logins::measure(measuring, &placement).await?);
    }
    if let Some(cluster) = cluster.as_ref().filter(|_| options.asks_for(Part::Flood)) {
        tables.extend(flood::measure(measuring, &placement, cluster).await?);
    }
    if options.asks_for(Part::Enumeration) {
        tables.extend(enumeration::measure(measuring, &placement).await?);
    }
    // What it used does not count as that of others once it has ended.
    drop(cluster);
    let mut setting = begun.setting(measuring)?;
    setting.push(format!("Starts, memory and PostgreSQL: on all cores. All else: {}", placement.describe()));
    Ok(Report { setting, tables })
}
