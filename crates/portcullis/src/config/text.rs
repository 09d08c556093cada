//! Settings that are text with few rules.

use std::path::PathBuf;

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

impl LogFilter {
    /// The filter of who names none.
    pub(super) const DEFAULT: &'static str = "info";

    /// `LEVEL`, or `MODULE=LEVEL`: less than `EnvFilter` takes, which reads any word that is no level as a module.
    fn is_directive(text: &str) -> bool {
        let (module, level) =
            text.split_once('=').map_or((None, text), |(module, level)| (Some(module), level));
        module.is_none_or(is_module)
            && ["error", "warn", "info", "debug", "trace", "off"].contains(&level.to_lowercase().as_str())
    }
}

fn is_module(text: &str) -> bool {
    let belongs = |character: char| character.is_ascii_alphanumeric() || ['_', '-', ':'].contains(&character);
    !text.is_empty() && text.chars().all(belongs)
}

impl Form for LogFilter {
    type Value = String;

    fn allowed() -> String {
        "`error`, `warn`, `info`, `debug`, `trace` or `off`, for all or by module: \
         `info,portcullis=debug`"
            .to_owned()
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        // White space would be taken for a part of the module.
        let directives: Vec<_> = text.split(',').map(str::trim).collect();
        if directives.iter().all(|directive| Self::is_directive(directive)) {
            Ok(directives.join(","))
        } else {
            Err(Refusal::new("is not a list of these"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_given_for_all_or_by_module() {
        for (text, filter) in [
            ("warn", "warn"),
            ("INFO", "INFO"),
            ("off,audit=info", "off,audit=info"),
            ("portcullis::access=info", "portcullis::access=info"),
            ("info, portcullis_http-actix=debug", "info,portcullis_http-actix=debug"),
        ] {
            assert_eq!(LogFilter::parse(text).as_deref(), Ok(filter));
        }
    }

    #[test]
    fn what_would_log_nothing_of_what_was_meant_is_refused() {
        for text in [
            "",
            "warning",
            "verbose",
            "portcullis",
            "info;portcullis=debug",
            "info portcullis=debug",
            "info,",
            "info,=debug",
            "info,portcullis=",
            "info,portcullis=verbose",
            "info,portcullis==debug",
        ] {
            assert!(LogFilter::parse(text).is_err(), "{text}");
        }
    }
}
