use clap::Subcommand;

use super::OutputFormat;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Find out whether the service would start with this configuration
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
