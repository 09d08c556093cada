//! `portcullis completions`: what lets a shell complete the command line.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::output::print;

/// Prints the script for `shell`.
pub(super) fn print_script(shell: Shell) -> anyhow::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(())
}
