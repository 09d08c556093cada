use clap::Subcommand;

use super::OutputFormat;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print every key, the oldest first
    #[command(after_help = "Examples:
  portcullis keys list
  portcullis keys list --json")]
    List {
        #[command(flatten)]
        format: OutputFormat,
    },
    /// Make the next key, which signs ten minutes from now, when everybody who verifies tokens knows it
    #[command(after_help = "Examples:
  portcullis keys rotate
  portcullis keys rotate --now")]
    Rotate {
        /// Let it sign at once: verifiers refuse its tokens until they fetch the keys again
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        format: OutputFormat,
    },
}
