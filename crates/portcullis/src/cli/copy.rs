use std::convert::Infallible;

use clap::Args;

use super::OutputFormat;
use crate::config::{COPY_FROM_VARIABLE, COPY_TO_VARIABLE, DatabaseUrl, Form as _, Refusal};

#[derive(Args, Debug)]
pub(crate) struct Copying {
    /// The store to read: `sqlite://PATH` or `postgres://…`. With a password in it rather give it by the
    /// environment: a command line can be read by everybody on the machine
    #[arg(long, value_name = "URL", env = COPY_FROM_VARIABLE, hide_env_values = true)]
    #[arg(value_parser = database_url)]
    pub(crate) from: Result<DatabaseUrl, Refusal>,
    /// The store to write, in the same form
    #[arg(long, value_name = "URL", env = COPY_TO_VARIABLE, hide_env_values = true)]
    #[arg(value_parser = database_url)]
    pub(crate) to: Result<DatabaseUrl, Refusal>,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

/// Leaves it to the command to refuse a URL: here the message would repeat its password.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for a parser that can fail")]
fn database_url(text: &str) -> Result<Result<DatabaseUrl, Refusal>, Infallible> {
    Ok(DatabaseUrl::parse(text))
}
