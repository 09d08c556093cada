//! Settings that are URLs.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use portcullis_adapters_postgres::PostgresUrl;
pub use portcullis_adapters_redis::RedisUrl;
use url::{Host, Url};

use super::form::{Form, Refusal};
use super::setting::Secrecy;

/// Where a service on the web is: `http://` or `https://`, a host, perhaps a port and a path.
///
/// Written without a slash at the end, so that a path can be put behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The service that listens on `address`, without TLS.
    #[must_use]
    pub fn of_address(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether it is below others on its host.
    #[must_use]
    pub fn has_path(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.path() != "/")
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.0).ok();
        match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Form for HttpUrl {
    type Value = Self;

    fn allowed() -> String {
        "an `http://` or `https://` URL without user, query and fragment, such as \
         `https://accounts.example.com`"
            .to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let url = web_url(text)?;
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// An origin (RFC 6454): scheme, host and port, as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Form for Origin {
    type Value = Self;

    fn allowed() -> String {
        "an `http://` or `https://` origin without a path, such as `https://app.example.com`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let url = web_url(text)?;
        if url.path() == "/" {
            Ok(Self(url.origin().ascii_serialization()))
        } else {
            Err(Refusal::new("has a path"))
        }
    }
}

/// An `http://` or `https://` URL without user, query and fragment.
pub(crate) fn web_url(text: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|error| Refusal::new(format!("is no URL: {error}")))?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") {
        Err(Refusal::new("starts with neither http:// nor https://"))
    } else if !bare {
        Err(Refusal::new("has a user, a query or a fragment"))
    } else {
        Ok(url)
    }
}

/// Where accounts are stored.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// In this SQLite file.
    Sqlite(PathBuf),
    /// In PostgreSQL.
    Postgres(PostgresUrl),
}

/// The path of a SQLite file is no secret; what it takes to reach a server is.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => formatter.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => formatter.write_str("Postgres([redacted])"),
        }
    }
}

impl Form for DatabaseUrl {
    type Value = Self;
    const SECRECY: Secrecy = Secrecy::Credentials;

    fn allowed() -> String {
        "`sqlite://PATH`, or `postgres://USER:PASSWORD@HOST[,HOST…]:PORT/NAME?sslmode=…`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        match text.split_once("://") {
            Some(("sqlite", path)) if path.contains(['?', '#', '\0']) => {
                Err(Refusal::new("has parameters, or a character that a path cannot have"))
            }
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => PostgresUrl::parse(text)
                .map(Self::Postgres)
                .map_err(|invalid| Refusal::new(invalid.to_string())),
            _ => Err(Refusal::new("starts with neither sqlite:// nor postgres://, or says nothing more")),
        }
    }
}

impl Form for RedisUrl {
    type Value = Self;
    const SECRECY: Secrecy = Secrecy::Credentials;

    fn allowed() -> String {
        "`redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]`, or the same with `rediss://`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self::parse(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_ends_without_a_slash_however_it_is_written() {
        for (written, read) in [
            ("https://example.com", "https://example.com"),
            ("HTTPS://Example.COM:443/", "https://example.com"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://example.com/accounts/", "https://example.com/accounts"),
        ] {
            assert_eq!(HttpUrl::parse(written).map(|url| url.to_string()), Ok(read.to_owned()));
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://ada@example.com",
            "https://example.com/?a=b",
            "https://example.com/#a",
            "https://",
        ] {
            assert!(HttpUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        assert_eq!(
            Origin::parse("https://App.Example.com:443/"),
            Ok(Origin("https://app.example.com".into()))
        );
        for text in ["*", "null", "app.example.com", "https://example.com/app"] {
            assert!(Origin::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_database_url_says_which_store_and_where() {
        let sqlite = |path: &str| Ok(DatabaseUrl::Sqlite(path.into()));
        assert_eq!(DatabaseUrl::parse("sqlite:///var/lib/p.db"), sqlite("/var/lib/p.db"));
        assert_eq!(DatabaseUrl::parse("sqlite://data/p.db"), sqlite("data/p.db"));
        let postgres = DatabaseUrl::parse("postgres://ada:secret@db/app");
        assert!(matches!(postgres, Ok(DatabaseUrl::Postgres(_))));
        assert!(!format!("{postgres:?}").contains("secret"));
        for text in ["", "data/p.db", "sqlite://", "sqlite://p.db?mode=ro", "mysql://db/app", "postgres://"] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text:?}");
        }
    }
}
