use clap::Subcommand;

use super::OutputFormat;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Find out whether the service would start with this configuration
    ///
    /// Reads the settings, the files that they name and those of the data directory, and reaches nothing else:
    /// whether the store and the servers answer, `portcullis doctor` tells.
    #[command(after_help = "Examples:
  portcullis config check
  portcullis config check --config /etc/portcullis.toml")]
    Check,
    /// Print every setting in force and where it comes from, secrets masked
    #[command(after_help = "Examples:
  portcullis config show
  portcullis config show --json")]
    Show {
        #[command(flatten)]
        format: OutputFormat,
    },
}
