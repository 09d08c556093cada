//! The bench of Portcullis: it measures the release binary from outside, as its users meet it.
//!
//! Every figure stands beside a floor measured in the same run on the same cores: a bare handler of the same
//! framework for calls, and nothing but Argon2 for logins. A figure alone says more about the machine than
//! about the program; a ratio does not.
//!
//! The driver is a closed loop: each connection has one user, one session and one request under way. Every
//! answer is checked, and the first unexpected one ends the run: what fails fast must not count as fast.

#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

mod bare;
mod cli;
mod driver;
mod figures;
mod http_client;
mod latency;
mod machine;
mod placement;
mod process;
mod raw_hash;
mod report;
mod rounds;
mod service;

use clap::Parser as _;

use self::cli::{Cli, Command};

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Figures(options) => figures::run(&options),
        Command::Bare(options) => bare::run(options),
        Command::RawHash(options) => raw_hash::run(&options),
    }
}
