//! The command line.

use clap::{Parser, Subcommand};

use crate::bare::BareOptions;
use crate::figures::FiguresOptions;
use crate::raw_hash::RawHashOptions;

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
    /// Serve one bare handler, the floor for calls
    Bare(BareOptions),
    /// Do nothing but hash for a while, the floor for logins
    RawHash(RawHashOptions),
}
