//! What comes of running a row.

use serde::Serialize;

use crate::mailbox::MailboxError;
use crate::service::ServiceError;

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was tried, and it holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be tried here.
    NotRun,
    /// The operator wanted it left out.
    LeftOut,
}

/// What a row shows, in words, if it holds.
pub(crate) type Finding<T = String> = Result<T, Unshown>;

/// Why a row does not show what it is there to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unshown {
    /// What was seen is not what must hold.
    #[error("{0}")]
    Broken(String),
    /// It cannot be tried here.
    #[error("{0}")]
    NotRun(String),
    #[error("the service cannot be asked: {0}")]
    Service(#[from] ServiceError),
    #[error("the mailbox cannot be read: {0}")]
    Mailbox(#[from] MailboxError),
}

impl Unshown {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Broken(_) => Outcome::Failed,
            Self::NotRun(_) | Self::Service(_) | Self::Mailbox(_) => Outcome::NotRun,
        }
    }
}

/// Fails the row unless `holds`, with what was seen instead.
pub(crate) fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Finding<()> {
    if holds { Ok(()) } else { Err(Unshown::Broken(seen())) }
}
