//! The `portcullis` program: configuration and command line, and the wiring of the adapters, which no other crate
//! names together.
//!
//! It is a library so that another binary can be the same program:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     portcullis::main()
//! }
//! ```

mod audit_log;
mod cli;
mod commands;
pub mod config;
mod confirmation;
mod data_dir;
mod failure;
mod listener;
mod logging;
mod mailbox;
mod output;
mod pages;
mod password_entry;
mod progress;
mod secret_key_file;
mod service;
mod shutdown;
mod store;
mod traces;
mod wiring;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use self::cli::Cli;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs the program with `arguments`, the first of which is its name.
///
/// Gives 0 when it did what it was asked, 1 when it could not, 2 when it was not asked properly.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let outcome = Cli::try_parse_from(arguments).map_err(Into::into).and_then(commands::run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
