//! Settings that are text with few rules.

use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use super::form::{Form, Refusal};

/// A path; a relative one starts at the working directory.
pub struct Path;

impl Form for Path {
    type Value = PathBuf;

    fn allowed() -> String {
        "a path".to_owned()
    }

    fn parse(text: &str) -> Result<PathBuf, Refusal> {
        if text.is_empty() || text.contains('\0') {
            return Err(Refusal::new("is empty or has a NUL character"));
        }
        Ok(PathBuf::from(text))
    }
}

/// Whom tokens are for.
pub struct Audience;

impl Form for Audience {
    type Value = String;

    fn allowed() -> String {
        "a name or URL of at most 255 characters".to_owned()
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        if text.chars().count() > 255 || text.chars().any(char::is_control) {
            return Err(Refusal::new("is too long or has a control character"));
        }
        Ok(text.to_owned())
    }
}

/// What people know the service as.
pub struct ProductName;

impl ProductName {
    /// The name of the product.
    pub(super) const DEFAULT: &'static str = "Portcullis";
}

impl Form for ProductName {
    type Value = String;

    fn allowed() -> String {
        "a name of at most 60 characters".to_owned()
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        if text.is_empty() || text.chars().count() > 60 || text.chars().any(char::is_control) {
            return Err(Refusal::new("is empty, too long or has a control character"));
        }
        Ok(text.to_owned())
    }
}

/// Which records are logged.
pub struct LogFilter;

impl Form for LogFilter {
    type Value = String;

    fn allowed() -> String {
        "`error`, `warn`, `info`, `debug`, `trace` or `off`, for all or by module: \
         `info,portcullis=debug`"
            .to_owned()
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        EnvFilter::try_new(text).map_err(|_| Refusal::new("is not a list of these"))?;
        Ok(text.to_owned())
    }
}
