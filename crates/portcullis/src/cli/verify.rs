use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use portcullis_verify::{MailboxPlace, RowId};
use url::Url;

use super::OutputFormat;
use crate::config::{Refusal, web_url};

#[derive(Args, Debug)]
pub(crate) struct Examination {
    /// Where the service answers, such as `https://accounts.example.com`
    #[arg(value_name = "URL", value_parser = http_url)]
    pub(crate) target: Url,
    #[command(flatten)]
    pub(crate) administrator: AdministratorAccess,
    /// Where its mails can be read: a folder of .eml files, such as the file mailer writes, or the URL of a
    /// mail catcher that speaks the API of Mailpit
    #[arg(long, value_name = "FOLDER|URL", value_parser = mailbox)]
    pub(crate) mailbox: Option<MailboxPlace>,
    /// The domain of the addresses that are made up; mails to it have to arrive in the mailbox
    #[arg(long, value_name = "DOMAIN", default_value = "verify.example")]
    pub(crate) address_domain: String,
    /// Run these rows only
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = RowId::parse)]
    #[arg(conflicts_with = "except")]
    pub(crate) only: Vec<RowId>,
    /// Leave these rows out
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = RowId::parse)]
    pub(crate) except: Vec<RowId>,
    /// How many callers race where something is raced
    #[arg(long, value_name = "CALLERS", default_value = "20")]
    #[arg(value_parser = clap::value_parser!(u16).range(2..=200))]
    pub(crate) at_once: u16,
    /// The `PORTCULLIS_LOCKOUT_THRESHOLD` of the installation
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) lockout_threshold: u16,
    /// How long to wait altogether when the service asks to come back later
    #[arg(long, value_name = "DURATION", default_value = "20m", value_parser = humantime::parse_duration)]
    pub(crate) patience: Duration,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

/// How an administrator signs in. No secret is an argument: every process on the machine can read those.
#[derive(Args, Debug)]
#[command(next_help_heading = "Administrator")]
pub(crate) struct AdministratorAccess {
    /// Read an access token from standard input, instead of `PORTCULLIS_ADMIN_TOKEN`
    #[arg(long, group = "access")]
    pub(crate) token_stdin: bool,
    /// Read an access token from a file
    #[arg(long, value_name = "FILE", group = "access")]
    pub(crate) token_file: Option<PathBuf>,
    /// Sign in with this e-mail address, and with `PORTCULLIS_ADMIN_PASSWORD` or a password that is asked for
    #[arg(long, value_name = "ADDRESS", group = "access")]
    pub(crate) email: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "email", conflicts_with_all = ["password_file", "token_stdin", "token_file"])]
    pub(crate) password_stdin: bool,
    /// Read the password from a file
    #[arg(long, value_name = "FILE", requires = "email", conflicts_with_all = ["token_stdin", "token_file"])]
    pub(crate) password_file: Option<PathBuf>,
}

fn http_url(text: &str) -> Result<Url, String> {
    web_url(text).map_err(|Refusal(reason)| format!("it {reason}"))
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a parser that can fail")]
fn mailbox(text: &str) -> Result<MailboxPlace, std::convert::Infallible> {
    Ok(MailboxPlace::parse(text))
}
