//! The command line: what can be asked for, and in which words. What comes of it is in
//! [`commands`](crate::commands), in files of the same names.

mod account_file;
mod audit;
mod config;
mod copy;
mod keys;
mod mail;
mod role;
mod user;
mod user_reference;
#[cfg(feature = "verify")]
mod verify;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use portcullis_domain::EmailAddress;

pub(crate) use self::account_file::{AccountFile, UserExport, UserImport};
pub(crate) use self::audit::{AuditCommand, EventSelection};
pub(crate) use self::config::ConfigCommand;
pub(crate) use self::copy::Copying;
pub(crate) use self::keys::KeysCommand;
pub(crate) use self::mail::{MailCommand, MailSelection};
pub(crate) use self::role::RoleCommand;
pub(crate) use self::user::{
    FirstPassword, HeldRole, NewPassword, NewUser, SelectedUser, UserCommand, UserDeletion, UserSelection,
};
pub(crate) use self::user_reference::UserReference;
#[cfg(feature = "verify")]
pub(crate) use self::verify::{AdministratorAccess, Examination};
use crate::config::{Flags, Sources};

/// User accounts for an application: registration, sign-in, tokens, sessions.
///
/// Settings come from a TOML file, the environment and flags, the later winning; `portcullis config show`
/// prints them all.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version)]
#[command(after_help = "Examples:
  portcullis user create --email ada@example.com --admin
  portcullis serve --bind 127.0.0.1:8080
  portcullis doctor

Exit codes: 0 it is done, 1 it could not be done, 2 it was not asked properly.")]
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
    #[command(after_help = "Examples:
  portcullis serve
  portcullis serve --config /etc/portcullis.toml --bind 127.0.0.1:0")]
    Serve,

    /// Bring the database schema up to date
    #[command(after_help = "Examples:
  portcullis migrate
  portcullis migrate --check")]
    Migrate {
        /// Only find out whether it is: exit code 1 if it is not
        #[arg(long)]
        check: bool,
    },

    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Find out what keeps the service from working, and what to do about it
    ///
    /// Looks at the store, the way mails go, the clock, the secrets and the keys, who may read the files, whether
    /// there is an administrator, the list of leaked passwords, the look of the pages, the public URL, who counts
    /// calls, and settings that are allowed and perhaps not wanted. One line each; exit code 1 if anything fails.
    /// Nothing is changed.
    #[command(after_help = "Examples:
  portcullis doctor
  portcullis doctor --json
  portcullis doctor --send-to ada@example.com")]
    Doctor {
        /// Send a mail to this address, which says nothing but that it has arrived
        #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
        send_to: Option<EmailAddress>,
        #[command(flatten)]
        format: OutputFormat,
    },

    /// Ask the service that runs here whether it wants requests
    ///
    /// At the operations address, or the address of the API where that is off. Exit code 0 if it does, 1 if not:
    /// what health checks of containers run.
    #[command(after_help = "Examples:
  portcullis health
  portcullis health --live")]
    Health {
        /// Only ask whether it answers at all, whatever its store does
        #[arg(long)]
        live: bool,
    },

    /// Copy a whole installation from one store to another, and prove that both hold the same
    ///
    /// Stop what serves from either store before. The source is only read. The target is brought to the
    /// schema of this version; it must be empty, or hold what an interrupted copy of the same source left
    /// there, and copying goes on from that. What was signed, mailed and counted under the secret key of
    /// the source (`PORTCULLIS_SECRET_KEY`, or `secret.key` in its data directory) is good on the target
    /// under the same key only.
    #[command(after_help = "Examples:
  portcullis copy --from sqlite:///var/lib/portcullis/portcullis.db --to sqlite:///srv/portcullis.db
  portcullis copy --from sqlite://data/portcullis.db --to postgres://portcullis@db1/portcullis --json")]
    Copy(Copying),

    /// Print the OpenAPI document of the HTTP API
    #[command(after_help = "Examples:
  portcullis openapi > openapi.json")]
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

    /// Look at roles
    #[command(subcommand)]
    Role(RoleCommand),

    /// Look at what happened
    #[command(subcommand)]
    Audit(AuditCommand),

    /// Find out whether a running installation keeps its security contract
    ///
    /// Does to accounts of its own what attackers do to those of others: races single-use secrets, forges
    /// tokens, looks for differences that tell who has an account, and so on. One line for each row of
    /// docs/security.md that can be told from outside; exit code 1 if one fails or could not be run.
    ///
    /// It makes accounts as the administrator whose access it gets, under addresses that begin with `verify-`,
    /// and erases them in the end, also when it is interrupted; what could not be erased it names. Other
    /// accounts are not touched. Where calls are limited it waits as it is told to, which takes most of its
    /// time: on a machine of its own, with `PORTCULLIS_RATE_LIMIT=off`, it is done in seconds.
    ///
    /// S1 and S3 hold with a `PORTCULLIS_REFRESH_GRACE` of some seconds; leave them out where it is 0s, and S7
    /// and S41 where `PORTCULLIS_LOCKOUT_THRESHOLD` is 0.
    #[cfg(feature = "verify")]
    #[command(after_help = "Examples:
  portcullis verify http://127.0.0.1:8080 --email root@example.com --mailbox data/mailbox
  pass show portcullis/token | portcullis verify https://accounts.example.com --token-stdin --mailbox http://mailpit:8025
  portcullis verify https://accounts.example.com --token-file /run/secrets/token --only S20,S30,S31,S32 --json")]
    Verify(Examination),

    /// Print what lets a shell complete this command line
    #[command(after_help = "Examples:
  portcullis completions bash > /etc/bash_completion.d/portcullis
  portcullis completions zsh > /usr/local/share/zsh/site-functions/_portcullis
  portcullis completions fish > /etc/fish/completions/portcullis.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
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

    /// Every command that does something, after the names of those that it is under.
    fn leaves(command: &clap::Command) -> Vec<clap::Command> {
        if command.has_subcommands() {
            command.get_subcommands().flat_map(leaves).collect()
        } else {
            vec![command.clone()]
        }
    }

    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        help.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_how() {
        for command in leaves(&Cli::command()) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            assert!(!examples(&command).is_empty(), "{}", command.get_name());
        }
    }

    #[test]
    fn every_example_is_understood() {
        let root = Cli::command();
        for example in leaves(&root).iter().chain([&root]).flat_map(examples) {
            let from_pipe = example.rsplit("| ").next().expect("there is a last part");
            let call = from_pipe.split(" > ").next().expect("there is a first part");
            let parsed = Cli::try_parse_from(call.split_whitespace().map(|word| word.trim_matches('\'')));
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
        }
    }
}
