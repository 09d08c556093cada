//! `portcullis config`: looks at the configuration.

use crate::cli::{ConfigCommand, OutputFormat};
use crate::config::Configuration;
use crate::output::{print, print_json};
use crate::wiring;

/// Runs one of the commands on a configuration that has been found good.
pub(super) fn run(command: ConfigCommand, configuration: &Configuration) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check => check(configuration),
        ConfigCommand::Show { format } => show(configuration, format),
    }
}

fn check(configuration: &Configuration) -> anyhow::Result<()> {
    wiring::check_files(&configuration.config)?;
    print("the configuration is good")?;
    Ok(())
}

fn show(configuration: &Configuration, format: OutputFormat) -> anyhow::Result<()> {
    if format.json {
        print_json(&configuration.values.in_force().collect::<Vec<_>>())?;
    } else {
        print(&configuration.values.table())?;
    }
    Ok(())
}
