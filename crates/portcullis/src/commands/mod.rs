//! What the program can do.

mod audit;
mod completions;
mod config;
mod copy;
mod doctor;
mod health;
mod keys;
mod listing;
mod mail;
mod migrate;
mod openapi;
mod role;
mod serve;
mod user;
#[cfg(feature = "verify")]
mod verify;

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::Layer as _;

use crate::cli::{Cli, Command};
use crate::config::{Config, Configuration};
use crate::{logging, traces};

/// Does what the command line asks for.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    let load = || Configuration::load(cli.configuration.into_sources());
    match cli.command.unwrap_or(Command::Serve) {
        Command::Audit(command) => {
            run_async(&load()?.config, async |config| audit::run(config, command).await)
        }
        Command::Completions { shell } => completions::print_script(shell),
        Command::Openapi => openapi::print_document(),
        Command::Config(command) => config::run(command, &load()?),
        Command::Copy(copying) => {
            let plan = copy::Plan::of(copying)?;
            run_async(&load()?.config, async |config| copy::run(config, plan).await)
        }
        Command::Doctor { send_to, format } => {
            run_async(&load()?.config, async |config| doctor::run(config, send_to.as_ref(), format).await)
        }
        Command::Health { live } => health::run(&load()?.config, live),
        Command::Keys(command) => run_async(&load()?.config, async |config| keys::run(config, command).await),
        Command::Mail(command) => run_async(&load()?.config, async |config| mail::run(config, command).await),
        Command::Migrate { check } => {
            run_async(&load()?.config, async |config| migrate::run(config, check).await)
        }
        Command::Role(command) => run_async(&load()?.config, async |config| role::run(config, command).await),
        Command::Serve => serve(&load()?.config),
        #[cfg(feature = "verify")]
        Command::Verify(examination) => verify::run(examination),
        Command::User(command) => run_async(&load()?.config, async |config| user::run(config, command).await),
    }
}

/// Runs a command that waits for things, and logs meanwhile.
fn run_async(
    config: &Config,
    command: impl AsyncFnOnce(&Config) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    logging::start(config, None);
    run_to_end(runtime()?, command(config))
}

/// Serves, which alone is worth to be traced.
fn serve(config: &Config) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let traces = traces::start(config, runtime.handle())?;
    logging::start(config, traces.as_ref().map(|traces| traces.layer().boxed()));
    run_to_end(runtime, serve::run(config, traces))
}

/// Runs a command on `runtime`, and ends both.
fn run_to_end(runtime: Runtime, command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    /// For what still runs when the command has ended, such as a name that is being resolved.
    const LAST_GASP: Duration = Duration::from_millis(500);
    let outcome = runtime.block_on(command);
    runtime.shutdown_timeout(LAST_GASP);
    outcome
}

/// A thread a core, and a few for work that blocks, such as writing files. What works on the store has its own.
fn runtime() -> anyhow::Result<Runtime> {
    const FOR_WORK_THAT_BLOCKS: usize = 16;
    Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(FOR_WORK_THAT_BLOCKS)
        .build()
        .context("the threads of the program cannot be started")
}
