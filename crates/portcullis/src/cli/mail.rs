use clap::{Args, Subcommand};
use portcullis_domain::MailId;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Print every mail that was not delivered yet, the oldest first
    ///
    /// A mail is `waiting` for its first or next attempt, `claimed` by an instance that is delivering it, or
    /// `parked`: set aside because it was refused for good, or because a day of attempts had failed.
    #[command(after_help = "Examples:
  portcullis mail list
  portcullis mail list --json")]
    List {
        #[command(flatten)]
        format: OutputFormat,
    },
    /// Send mails again that were parked, or that wait for their next attempt
    ///
    /// They are due at once, with a day of attempts before them; the service that runs delivers them. A
    /// parked mail is dropped when another of its kind to the same recipient waits already.
    #[command(after_help = "Examples:
  portcullis mail retry 0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1
  portcullis mail retry --all")]
    Retry(MailSelection),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct MailSelection {
    /// The mails, as `portcullis mail list` names them
    #[arg(value_name = "ID", value_parser = MailId::parse)]
    pub(crate) ids: Vec<MailId>,
    /// Every mail that was parked
    #[arg(long)]
    pub(crate) all: bool,
}
