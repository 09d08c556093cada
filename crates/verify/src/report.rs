use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::outcome::Outcome;
use crate::rows::RowId;

/// What an examination found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The URL.
    pub target: String,
    /// How accounts come to be there.
    pub installation: Installation,
    /// Every row there is, in order.
    pub rows: Vec<RowReport>,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub took: Duration,
    /// How much of that was waiting because the service asked for it.
    #[serde(rename = "waited_for_limits_seconds", serialize_with = "as_seconds")]
    pub waited_for_limits: Duration,
    /// The accounts and roles that were made and could not be erased.
    pub left_behind: Vec<String>,
}

/// How accounts come to be in an installation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Installation {
    /// Who may register.
    pub registration: Registration,
    /// Whether addresses have to be verified before a login.
    pub verification: Verification,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Everybody, with the same answer for every address.
    Private,
    /// Nobody.
    Closed,
}

/// Whether addresses have to be verified before a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// They have to be.
    Required,
    /// They need not.
    Optional,
}

/// What came of one row.
#[derive(Debug, Serialize)]
pub struct RowReport {
    /// The row of `docs/security.md`.
    pub id: RowId,
    /// What must hold.
    pub title: &'static str,
    /// Whether it does.
    pub outcome: Outcome,
    /// What was seen, or why nothing was.
    pub seen: String,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub took: Duration,
}

impl Report {
    /// Whether every row that was not left out holds, and nothing was left behind.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.count(Outcome::Failed) == 0 && self.count(Outcome::NotRun) == 0 && self.left_behind.is_empty()
    }

    /// How many rows came out so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.outcome == outcome).count()
    }
}

/// One line that plays no tricks on a terminal, whatever a server said.
impl fmt::Display for RowReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, title, outcome, seen, took } = self;
        let outcome = match outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotRun => "not run",
            Outcome::LeftOut => "left out",
        };
        let words = format!("{title}: {seen}").replace(char::is_control, " ");
        write!(formatter, "{outcome:<8}  {:<3}  {:>6.1} s  {words}", id.as_str(), took.as_secs_f64())
    }
}

/// What it comes to.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |outcome| self.count(outcome);
        write!(
            formatter,
            "{} passed, {} failed, {} not run, {} left out, in {:.0} s",
            count(Outcome::Passed),
            count(Outcome::Failed),
            count(Outcome::NotRun),
            count(Outcome::LeftOut),
            self.took.as_secs_f64()
        )?;
        if !self.waited_for_limits.is_zero() {
            write!(
                formatter,
                ", {:.0} s of them waiting for rate limits",
                self.waited_for_limits.as_secs_f64()
            )?;
        }
        let Installation { registration, verification } = self.installation;
        write!(
            formatter,
            "\nregistration is {}, verification of addresses {}",
            format!("{registration:?}").to_lowercase(),
            format!("{verification:?}").to_lowercase()
        )?;
        for name in &self.left_behind {
            write!(formatter, "\nleft behind: {}", name.replace(char::is_control, " "))?;
        }
        Ok(())
    }
}

fn as_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1_000.0).round() / 1_000.0)
}
