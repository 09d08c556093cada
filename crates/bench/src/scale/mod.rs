//! What many users cost, and what the other store: the same calls to services that differ in nothing but their
//! databases, in turn, round by round.

mod calls;
mod databases;
mod moving;
mod plans;
mod round_trips;
mod sweeping;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum, value_parser};
use portcullis_throwaway_postgres::{Cluster, ClusterOptions};
use tokio::runtime;

use crate::measuring::Measuring;
use crate::placement::Placement;
use crate::progress::note;
use crate::report::{Report, Section};

pub(crate) use self::databases::Store;
use self::sweeping::Sweeping;

#[derive(Clone, Debug, Args)]
pub(crate) struct ScaleOptions {
    #[command(flatten)]
    measuring: Measuring,
    /// How many users the databases have: for each number one on each store, the fewest first
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000", value_parser = value_parser!(u32).range(1_000..))]
    users: Vec<u32>,
    /// How many sessions, and as many one-time secrets, expire at once while it is measured how they are swept
    #[arg(long, default_value_t = 100_000)]
    expired: u32,
    /// Measure only this; can be given again. Everything unless given
    #[arg(long)]
    only: Vec<Part>,
    /// Put the figures into this Markdown document, between its marker lines
    #[arg(long, conflicts_with = "only")]
    markdown: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// All users into a file, and into an empty database
    Moving,
    /// How often a call asks PostgreSQL, and how rows are found
    Plans,
    /// The calls
    Calls,
    /// Calls while expired rows are deleted
    Sweeping,
}

impl ScaleOptions {
    fn asks_for(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Fills databases of each size, measures, and reports.
pub(crate) fn run(options: &ScaleOptions) -> anyhow::Result<()> {
    let ScaleOptions { measuring, users, expired, markdown, .. } = options;
    ensure!(users.is_sorted_by(|fewer, more| fewer < more), "the fewest users come first");
    ensure!(
        !options.asks_for(Part::Sweeping) || users.last().is_some_and(|most| expired <= most),
        "more is to expire than the most users have"
    );
    let begun = measuring.begin()?;
    let cluster = start_cluster()?;
    // Stores want a runtime of several threads, and the driver one that stays on its core.
    let filling = runtime::Runtime::new()?;
    let mut databases = filling.block_on(databases::fill(measuring, &cluster, users))?;
    let filled = databases::table(&databases);
    note(&filled.to_string());
    let largest = databases.len() - Store::ALL.len()..;

    let mut moved = None;
    if options.asks_for(Part::Moving) {
        let table = filling.block_on(moving::measure(measuring, &cluster, &databases[largest.clone()]))?;
        note(&table.to_string());
        moved = Some(table);
    }
    let mut plans = Vec::new();
    if options.asks_for(Part::Plans) {
        plans.push(filling.block_on(plans::sqlite::explain(&mut databases[largest.start]))?);
    }
    let version = filling
        .block_on(portcullis_throwaway_postgres::run(&cluster.url("postgres"), "SHOW server_version"))
        .concat();

    let placement = Placement::apart()?;
    let driving = runtime::Builder::new_current_thread().enable_all().build()?;
    let (trips, measured, swept) = driving.block_on(async {
        let mut trips = Vec::new();
        if options.asks_for(Part::Plans) {
            let large = databases.last_mut().context("there is a size")?;
            trips = round_trips::count(large, &placement).await?;
            plans.insert(0, plans::postgres::explain(large, &cluster, &placement).await?);
        }
        let sweeping = options
            .asks_for(Part::Sweeping)
            .then(|| Sweeping::beside(&mut databases[largest.clone()], *expired))
            .transpose()?;
        let mut measured = Vec::new();
        if options.asks_for(Part::Calls) {
            let calls = calls::measure(measuring, &placement, &mut databases).await?;
            measured = calls::tables(&calls, &databases, &trips)?;
            for table in &measured {
                note(&table.to_string());
            }
        }
        let mut swept = Vec::new();
        if let Some(sweeping) = sweeping {
            swept = sweeping.measure(measuring, &placement, &databases[largest]).await?;
        }
        anyhow::Ok((trips, measured, swept))
    })?;

    // What it used does not count as that of others once it has ended.
    drop(cluster);
    let mut setting = begun.setting(measuring)?;
    setting.push(format!("{} PostgreSQL {version}: on all cores.", placement.describe()));
    setting.push(databases::describe(&databases));
    let mut tables = vec![filled];
    tables.extend(moved);
    tables.extend(measured);
    tables.extend(swept);
    if !trips.is_empty() {
        tables.push(round_trips::table(&trips));
    }
    tables.extend(plans);
    let report = Report { setting, tables };
    println!("{report}");
    markdown.as_deref().map_or(Ok(()), |document| report.write_into(document, Section::SCALE))
}

/// A server that keeps what it was told, with memory and log for a database of this size.
pub(crate) fn start_cluster() -> anyhow::Result<Cluster> {
    let settings = [("shared_buffers", "4GB"), ("max_wal_size", "4GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(Cluster::start_with(&ClusterOptions { durable: true, settings, ..ClusterOptions::default() })?)
}
