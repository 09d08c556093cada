//! How an operator hands over a password: typed on a terminal, or piped in. Never as an argument, which
//! every process on the machine can read.

use std::io::{self, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail, ensure};
use clap::error::ErrorKind;
use portcullis_domain::Password;
use zeroize::Zeroizing;

use crate::cli;

/// The password, from standard input or from who sits at the terminal.
pub(crate) fn read(from_stdin: bool) -> anyhow::Result<Password> {
    if from_stdin { self::from_stdin() } else { from_terminal() }
}

fn from_stdin() -> anyhow::Result<Password> {
    parse(&line_of_stdin()?)
}

/// What stands on standard input, without the line break at its end.
pub(crate) fn line_of_stdin() -> anyhow::Result<Zeroizing<String>> {
    /// Room for the longest password in any encoding of its characters, and what a shell adds.
    const MOST_OCTETS: u64 = 16 * 1024;
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(MOST_OCTETS)
        .read_to_string(&mut text)
        .context("the secret cannot be read from standard input")?;
    Ok(without_line_break(&text))
}

/// `text` without the line break at its end.
pub(crate) fn without_line_break(text: &Zeroizing<String>) -> Zeroizing<String> {
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Zeroizing::new(line.to_owned())
}

/// The password that somebody types twice.
fn from_terminal() -> anyhow::Result<Password> {
    let (first, second) = (ask_once("Password: ")?, ask_once("Password again: ")?);
    ensure!(*first == *second, "the two passwords differ");
    parse(&first)
}

/// What somebody types who is asked for a password. Without a terminal that is a mistake in usage.
pub(crate) fn ask_once(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        bail!(cli::usage_error(
            ErrorKind::MissingRequiredArgument,
            "standard input is not a terminal to ask for the password; pipe it in with --password-stdin",
        ));
    }
    let typed = rpassword::prompt_password(prompt).context("the password cannot be read")?;
    Ok(Zeroizing::new(typed))
}

fn parse(text: &str) -> anyhow::Result<Password> {
    ensure!(!text.is_empty(), "the password is empty");
    Password::parse(text).context("the password cannot be used")
}
