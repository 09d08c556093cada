//! What is known of a setting besides its value.

use std::borrow::Cow;

/// One setting: everything that is to be said of it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in a TOML file; in upper case after [`PREFIX`](Self::PREFIX) the environment variable. That of
    /// [OpenTelemetry](Self::OPENTELEMETRY) has no prefix.
    pub name: &'static str,
    /// What it is when nobody sets it.
    pub default: DefaultValue,
    /// What it means.
    pub description: &'static str,
    /// What it may be.
    pub allowed: fn() -> String,
    /// Whether its value may be shown.
    pub secrecy: Secrecy,
}

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// This text.
    Text(&'static str),
    /// Nothing; these words say what happens instead.
    Unset(&'static str),
}

/// Whether a value may be shown. What may not can also be given as a file: the same key followed by
/// `_FILE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It may.
    Open,
    /// Not the user, password and parameters in it, which is a URL.
    Credentials,
    /// It may not.
    Secret,
}

impl Setting {
    /// What the environment variables start with.
    pub const PREFIX: &'static str = "PORTCULLIS_";
    /// What follows the name of a secret setting when a file holds its value.
    pub const FILE_SUFFIX: &'static str = "_file";

    /// What the names start with of settings that every program has which knows OpenTelemetry. Their variables are
    /// the same everywhere.
    pub const OPENTELEMETRY: &'static str = "otel_";

    /// The environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        Self::variable_of(self.name)
    }

    /// The environment variable for a key of a TOML file, known or not.
    pub(super) fn variable_of(name: &str) -> String {
        let prefix = if name.starts_with(Self::OPENTELEMETRY) { "" } else { Self::PREFIX };
        format!("{prefix}{}", name.to_uppercase())
    }

    /// Whether the value can be given as a file.
    #[must_use]
    pub fn has_file_form(&self) -> bool {
        self.secrecy != Secrecy::Open
    }
}

impl Secrecy {
    const MASK: &'static str = "[redacted]";

    /// As much of `text` as may be shown.
    #[must_use]
    pub fn mask(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Open => Cow::Borrowed(text),
            Self::Secret if text.is_empty() => Cow::Borrowed(text),
            Self::Secret => Cow::Borrowed(Self::MASK),
            Self::Credentials => mask_credentials(text),
        }
    }
}

fn mask_credentials(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { Cow::Borrowed(url) } else { Cow::Borrowed(Secrecy::MASK) };
    };
    let (credentials, place) = rest.rsplit_once('@').map_or(("", rest), |(_, place)| ("[redacted]@", place));
    let (place, parameters) = place.split_once('?').map_or((place, ""), |(place, _)| (place, "?[redacted]"));
    Cow::Owned(format!("{scheme}://{credentials}{place}{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_but_whether_it_is_there() {
        assert_eq!(Secrecy::Secret.mask("c2VjcmV0"), "[redacted]");
        assert_eq!(Secrecy::Secret.mask(""), "");
    }

    #[test]
    fn a_url_shows_where_it_leads_and_not_with_which_credentials() {
        for (url, shown) in [
            ("", ""),
            ("sqlite:///var/lib/portcullis.db", "sqlite:///var/lib/portcullis.db"),
            ("postgres://ada:se@cret@db:5432/app?password=x", "postgres://[redacted]@db:5432/app?[redacted]"),
            ("redis://db:6379/0", "redis://db:6379/0"),
            ("ada:secret@db", "[redacted]"),
        ] {
            assert_eq!(Secrecy::Credentials.mask(url), shown);
        }
    }
}
