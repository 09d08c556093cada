use std::fmt;

use portcullis_domain::with_causes;
use serde::Serialize;

/// What a check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    status: Status,
    /// What was found, in words.
    result: String,
    /// What to do about it.
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// All is well.
    Ok,
    /// The service works, though perhaps not as it should.
    Warning,
    /// The service does not work, or not for long.
    Failed,
    /// Something else has to be mended first.
    Skipped,
}

impl Finding {
    pub(super) fn ok(check: &'static str, result: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, result: result.into(), remedy: None }
    }

    pub(super) fn warning(check: &'static str, result: impl Into<String>, remedy: &str) -> Self {
        Self { check, status: Status::Warning, result: result.into(), remedy: Some(remedy.to_owned()) }
    }

    pub(super) fn failed(check: &'static str, result: impl Into<String>, remedy: &str) -> Self {
        Self { check, status: Status::Failed, result: result.into(), remedy: Some(remedy.to_owned()) }
    }

    /// A failure because of `error`.
    pub(super) fn error(check: &'static str, error: impl Into<anyhow::Error>, remedy: &str) -> Self {
        Self::failed(check, with_causes(error.into().as_ref()), remedy)
    }

    /// Nothing, as the store cannot be read.
    pub(super) fn skipped(check: &'static str) -> Self {
        let result = "cannot be examined without the store".to_owned();
        Self { check, status: Status::Skipped, result, remedy: None }
    }

    pub(super) fn is_failure(&self) -> bool {
        self.status == Status::Failed
    }
}

/// One line that plays no tricks on a terminal, whatever a server said.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, status, result, remedy } = self;
        let status = match status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "FAILED",
            Status::Skipped => "skipped",
        };
        let remedy = remedy.as_ref().map_or_else(String::new, |remedy| format!("; {remedy}"));
        let words = format!("{result}{remedy}").replace(char::is_control, " ");
        write!(formatter, "{status:<7}  {check:<13}  {words}")
    }
}
