//! The command line.

use clap::{Parser, Subcommand};

use crate::bare::BareOptions;
use crate::figures::FiguresOptions;
use crate::floor::FloorOptions;
use crate::raw_hash::RawHashOptions;
use crate::scale::ScaleOptions;
use crate::seed::SeedOptions;

/// Measures Portcullis.
#[derive(Debug, Parser)]
#[command(name = "portcullis-bench")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the release binary on loopback with a temporary data folder, and measure it
    Figures(FiguresOptions),
    /// Measure the release binary on SQLite and on PostgreSQL, with few users and with many
    Scale(ScaleOptions),
    /// Fill a migrated database with people who do not exist, so that it is as full as in use
    Seed(SeedOptions),
    /// Serve one bare handler, the floor for calls
    Bare(BareOptions),
    /// Serve the least program that keeps accounts, the floor for what is stored
    Floor(FloorOptions),
    /// Do nothing but hash for a while, the floor for logins
    RawHash(RawHashOptions),
}
