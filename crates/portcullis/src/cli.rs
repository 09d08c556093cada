//! The command line.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use portcullis_domain::{EmailAddress, MailId, Name, Username};

use crate::config::{COPY_FROM_VARIABLE, COPY_TO_VARIABLE, DatabaseUrl, Flags, Form as _, Refusal, Sources};

/// User accounts for an application: registration, sign-in, tokens, sessions.
///
/// Settings come from a TOML file, the environment and flags, the later winning; `portcullis config show`
/// prints them all.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) configuration: ConfigurationFlags,

    /// What to do; without it, serve.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigurationFlags {
    /// TOML file with settings, instead of `PORTCULLIS_CONFIG`; unless either is given, `portcullis.toml` if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address of the API, instead of `PORTCULLIS_BIND`
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    bind: Option<String>,

    /// Where accounts are stored, instead of `PORTCULLIS_DATABASE_URL`
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,

    /// Where the embedded database, generated secrets and the mailbox live, instead of
    /// `PORTCULLIS_DATA_DIR`
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
}

impl ConfigurationFlags {
    pub(crate) fn into_sources(self) -> Sources {
        let Self { config, bind, database_url, data_dir } = self;
        Sources::of_process(config, Flags { bind, database_url, data_dir })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the HTTP API until SIGTERM or SIGINT
    ///
    /// Once everything answers, one line on standard output says so: `listening on
    /// http://127.0.0.1:8080`. Logs go to standard error.
    Serve,

    /// Bring the database schema up to date
    Migrate {
        /// Only find out whether it is: exit code 1 if it is not
        #[arg(long)]
        check: bool,
    },

    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Copy a whole installation from one store to another, and prove that both hold the same
    ///
    /// Stop what serves from either store before. The source is only read. The target is brought to the
    /// schema of this version; it must be empty, or hold what an interrupted copy of the same source left
    /// there, and copying goes on from that. What was signed, mailed and counted under the secret key of
    /// the source (`PORTCULLIS_SECRET_KEY`, or `secret.key` in its data directory) is good on the target
    /// under the same key only.
    Copy(Copying),

    /// Print the OpenAPI document of the HTTP API
    Openapi,

    /// See and replace the keys that sign access tokens
    #[command(subcommand)]
    Keys(KeysCommand),

    /// See which mails were not delivered yet, and try again
    #[command(subcommand)]
    Mail(MailCommand),

    /// Manage users
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Find out whether the service would start with this configuration
    Check,
    /// Print every setting in force and where it comes from, secrets masked
    Show {
        #[command(flatten)]
        format: OutputFormat,
    },
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print every key, the oldest first
    List {
        #[command(flatten)]
        format: OutputFormat,
    },
    /// Make the next key, which signs ten minutes from now, when everybody who verifies tokens knows it
    Rotate {
        /// Let it sign at once: verifiers refuse its tokens until they fetch the keys again
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        format: OutputFormat,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Print every mail that was not delivered yet, the oldest first
    ///
    /// A mail is `waiting` for its first or next attempt, `claimed` by an instance that is delivering it, or
    /// `parked`: set aside because it was refused for good, or because a day of attempts had failed.
    List {
        #[command(flatten)]
        format: OutputFormat,
    },
    /// Send mails again that were parked, or that wait for their next attempt
    ///
    /// They are due at once, with a day of attempts before them; the service that runs delivers them. A
    /// parked mail is dropped when another of its kind to the same recipient waits already.
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

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account, verified unless told otherwise, and ask for its password
    Create(NewUser),
}

#[derive(Args, Debug)]
pub(crate) struct NewUser {
    /// The e-mail address
    #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    pub(crate) email: EmailAddress,
    /// A second name to sign in with: 3 to 32 letters, digits, `.`, `_` and `-`
    #[arg(long, value_parser = Username::parse)]
    pub(crate) username: Option<Username>,
    /// What the person is called
    #[arg(long, value_parser = Name::parse)]
    pub(crate) name: Option<Name>,
    /// The given name
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    pub(crate) first_name: Option<Name>,
    /// The family name
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    pub(crate) last_name: Option<Name>,
    /// Make it an administrator
    #[arg(long)]
    pub(crate) admin: bool,
    /// The address does not count as verified
    #[arg(long)]
    pub(crate) unverified: bool,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct OutputFormat {
    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// A mistake in usage that only shows when a command runs.
pub(crate) fn usage_error(kind: ErrorKind, message: &str) -> clap::Error {
    Cli::command().error(kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
