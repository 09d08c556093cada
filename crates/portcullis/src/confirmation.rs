//! How an operator confirms what cannot be undone.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use anyhow::{Context as _, ensure};
use clap::error::ErrorKind;

use crate::cli;

/// Whether an operator has agreed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// They said so when they called the program.
    Given,
    /// They are to be asked on the terminal.
    ToBeAsked,
}

impl Confirmation {
    /// What the flag `--yes` says. Without it and without a terminal that is a mistake in usage.
    pub(crate) fn of(yes: bool) -> Result<Self, clap::Error> {
        if yes {
            Ok(Self::Given)
        } else if io::stdin().is_terminal() {
            Ok(Self::ToBeAsked)
        } else {
            Err(cli::usage_error(
                ErrorKind::MissingRequiredArgument,
                "standard input is not a terminal to ask for a confirmation; give it with --yes",
            ))
        }
    }

    /// Asks `question`, if there is a need to, and fails unless the answer is yes.
    pub(crate) fn obtain(self, question: &str) -> anyhow::Result<()> {
        if self == Self::ToBeAsked {
            let mut stderr = io::stderr().lock();
            write!(stderr, "{question} [y/N] ")
                .and_then(|()| stderr.flush())
                .context("nobody can be asked")?;
            ensure!(is_yes(io::stdin().lock()).context("the answer cannot be read")?, "nothing was done");
        }
        Ok(())
    }
}

/// Whether the first line of `answer` says yes.
fn is_yes(mut answer: impl BufRead) -> io::Result<bool> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    Ok(["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, expected) in [
            ("y\n", true),
            ("YES\r\n", true),
            (" yes", true),
            ("", false),
            ("\n", false),
            ("n\ny\n", false),
            ("yesterday\n", false),
        ] {
            assert_eq!(is_yes(answer.as_bytes()).unwrap(), expected, "{answer:?}");
        }
    }
}
