use clap::Subcommand;

use super::OutputFormat;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Print every role, by name
    #[command(after_help = "Examples:
  portcullis role list
  portcullis role list --json")]
    List {
        #[command(flatten)]
        format: OutputFormat,
    },
}
