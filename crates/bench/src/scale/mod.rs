//! What a million users cost, and what the other store: the same calls to four services that differ in
//! nothing else, in turn, round by round.

mod calls;
mod databases;
mod moving;
mod plans;
mod round_trips;

use std::path::PathBuf;

use clap::Args;
use portcullis_throwaway_postgres::{Cluster, ClusterOptions};
use tokio::runtime;

use crate::measuring::Measuring;
use crate::placement::Placement;
use crate::progress::note;
use crate::report::{Report, Section};

use self::databases::Database;
pub(crate) use self::databases::Store;

#[derive(Clone, Debug, Args)]
pub(crate) struct ScaleOptions {
    #[command(flatten)]
    measuring: Measuring,
    /// Few users
    #[arg(long, default_value_t = 1_000)]
    few: u32,
    /// Many users
    #[arg(long, default_value_t = 1_000_000)]
    many: u32,
    /// Put the figures into this Markdown document, between its marker lines
    #[arg(long)]
    markdown: Option<PathBuf>,
}

/// Fills four databases, measures, and reports.
pub(crate) fn run(options: &ScaleOptions) -> anyhow::Result<()> {
    let ScaleOptions { measuring, few, many, markdown } = options;
    let begun = measuring.begin()?;
    let cluster = start_cluster()?;
    // Stores want a runtime of several threads, and the driver one that stays on its core.
    let filling = runtime::Runtime::new()?;
    let mut databases = filling.block_on(databases::fill(measuring, &cluster, [*few, *many]))?;

    let moved = filling.block_on(moving::measure(measuring, &cluster, &databases))?;
    note(&moved.to_string());
    let of_sqlite = filling.block_on(plans::sqlite::explain(&mut databases[Database::LARGE_ON_SQLITE]))?;

    let placement = Placement::apart()?;
    let driving = runtime::Builder::new_current_thread().enable_all().build()?;
    let (trips, of_postgres, measured) = driving.block_on(async {
        let large = &mut databases[Database::LARGE_ON_POSTGRES];
        let trips = round_trips::count(large, &placement).await?;
        let of_postgres = plans::postgres::explain(large, &cluster, &placement).await?;
        anyhow::Ok((trips, of_postgres, calls::measure(measuring, &placement, &mut databases).await?))
    })?;

    let version = filling
        .block_on(portcullis_throwaway_postgres::run(&cluster.url("postgres"), "SHOW server_version"))
        .concat();
    // What it used does not count as that of others once it has ended.
    drop(cluster);
    let mut setting = begun.setting(measuring)?;
    setting.push(format!("{} PostgreSQL {version}: on all cores.", placement.describe()));
    let mut tables = vec![databases::table(&databases), moved];
    tables.extend(calls::tables(&measured, &databases, &trips));
    tables.push(round_trips::table(&trips));
    tables.extend([of_postgres, of_sqlite]);
    let report = Report { setting, tables };
    println!("{report}");
    markdown.as_deref().map_or(Ok(()), |document| report.write_into(document, Section::SCALE))
}

/// A server that keeps what it was told, with memory and log for a database of this size.
pub(crate) fn start_cluster() -> anyhow::Result<Cluster> {
    let settings = [("shared_buffers", "1GB"), ("max_wal_size", "4GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(Cluster::start_with(&ClusterOptions { durable: true, settings, ..ClusterOptions::default() })?)
}
