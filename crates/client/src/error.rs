use std::sync::Arc;
use std::time::Duration;

use crate::problem::{Code, FieldError, Problem};

/// An error of the application's own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused the call, and says why.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The service was not reached, or its answer did not arrive. The call may have been carried out.
    #[error("no answer came from the service")]
    Unanswered(#[source] reqwest::Error),
    /// An answer came that the service does not give: something stands in between, or it is not Portcullis.
    #[error("an answer came, with status {status}, that is none of the service's")]
    Unintelligible {
        /// The status of the answer.
        status: u16,
        /// What is wrong with its body.
        source: serde_json::Error,
    },
    /// Whoever had signed in is signed out: by themselves, by somebody else, or because time is over. They
    /// have to sign in again.
    #[error("the session has ended")]
    SessionEnded,
    /// The access token has expired and there is no new one, for a reason that may pass: the session goes on,
    /// and the next call tries anew. Every call that waited for the same refresh fails with the same reason.
    #[error("the tokens could not be renewed")]
    NotRenewed(#[source] Arc<Error>),
    /// The [`TokenStore`](crate::TokenStore) failed. The session goes on, and the next call tries to store its tokens again.
    #[error("the tokens could not be stored")]
    NotStored(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The problem that the service answered, to the call itself or to the refresh that it waited for.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::NotRenewed(cause) => cause.problem(),
            _ => None,
        }
    }

    /// Which problem the service answered, for programs.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.problem().map(|problem| &problem.code)
    }

    /// What is wrong with each field that is not valid; empty if that is not the problem.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        self.problem().map_or(&[], |problem| &problem.errors)
    }

    /// In what time to try again, if the service says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem()?.retry_after
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The URL is not the address of a service.
    #[error("the base URL of a service has to be an absolute http or https URL without a query")]
    InvalidBaseUrl,
    /// What TLS needs is not there, such as the certificates that the platform trusts.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}
