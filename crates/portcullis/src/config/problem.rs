//! What can be wrong with a configuration, in the words that operators read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::form::Refusal;
use super::values::Place;

/// Everything that keeps a configuration from being started with: one line each.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

/// Why a configuration cannot be started with. Messages are one line and never show a secret.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The configuration file cannot be used.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// A key is not that of any setting.
    #[error("{place} is no setting{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// The key.
        place: Place,
        /// The environment variable that was probably meant.
        nearest: Option<String>,
    },
    /// A value and a file with the value stand in the same source.
    #[error("{first} and {second} exclude each other; give one of them")]
    GivenTwice {
        /// One of them.
        first: Place,
        /// The other.
        second: Place,
    },
    /// A value is neither text nor number nor switch nor list of texts, or not UTF-8.
    #[error(
        "{place} is not text; a table, a fraction, a date or octets that are not UTF-8 cannot be a value"
    )]
    NoText {
        /// The key.
        place: Place,
    },
    /// The file that holds a secret cannot be read.
    #[error("{place} names {}, which cannot be read: {source}", path.display())]
    UnreadableSecret {
        /// The key.
        place: Place,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A value is not what it must be.
    #[error("{place} cannot be {}: it {}; allowed: {allowed}", value(shown.as_deref()), refusal.0)]
    Refused {
        /// The key.
        place: Place,
        /// The value, unless it is secret.
        shown: Option<String>,
        /// What is wrong with it.
        refusal: Refusal,
        /// What it may be.
        allowed: String,
    },
    /// Two values, each of which is allowed, do not go together.
    #[error("{place} {conflict}")]
    Conflict {
        /// The key that is to be changed.
        place: Place,
        /// What it does not go with.
        conflict: &'static str,
    },
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// It cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not TOML.
    #[error("the configuration file {} is not TOML: line {line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, counting from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

fn value(shown: Option<&str>) -> String {
    shown.map_or_else(|| "used".to_owned(), |text| format!("{text:?}"))
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Problem::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}
