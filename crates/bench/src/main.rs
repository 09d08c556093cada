//! The bench of Portcullis: it measures the release binary from outside, as its users meet it.
//!
//! Every figure stands beside a floor measured in the same run on the same cores: a bare handler of the same
//! framework for calls, the least program that keeps accounts, and nothing but Argon2 for logins; or beside the same
//! service on another store, or with fewer users. A figure alone says more about the machine than about the program; a ratio does not.
//!
//! The driver is a closed loop: each connection has one request under way, of its own user, or of one of its
//! own users in turn. Every answer is checked, and the first unexpected one ends the run: what fails fast must
//! not count as fast.

#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

mod arrivals;
mod bare;
mod cli;
mod cost;
mod driver;
mod figures;
mod floor;
mod hashing;
mod http_client;
mod latency;
mod machine;
mod measuring;
mod others;
mod people;
mod placement;
mod plot;
mod population;
mod process;
mod progress;
mod raw_hash;
mod report;
mod rounds;
mod scale;
mod seed;
mod service;
mod store;

use clap::Parser as _;

use self::cli::{Cli, Command};

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Figures(options) => figures::run(&options),
        Command::Scale(options) => scale::run(&options),
        Command::Seed(options) => seed::run(&options),
        Command::Bare(options) => bare::run(options),
        Command::Floor(options) => floor::run(&options),
        Command::RawHash(options) => raw_hash::run(&options),
    }
}
