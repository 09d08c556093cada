//! How to reach the database.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::errors::OpenError;
use crate::tls;

/// Where a database is, who asks for it, and how the connection is secured:
/// `postgres://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]…]/NAME[?PARAMETER=VALUE[&…]]`.
///
/// User, password, name and values are percent-encoded. A host is a name, an address (IPv6 in brackets),
/// or the folder of a Unix socket (`%2Frun%2Fpostgresql`). The hosts are tried in turn, beginning with the one
/// that answered last.
///
/// | parameter | values | without it |
/// |---|---|---|
/// | `sslmode` | `disable`: never TLS. `prefer`: TLS if the server offers it. `require`: always TLS, whoever the server is; with `sslrootcert` as `verify-ca`. `verify-ca`: whom a trusted authority vouches for. `verify-full`: and for the host name, too | `prefer` |
/// | `sslrootcert` | a PEM file of the authorities to trust | those that the system trusts |
/// | `target_session_attrs` | `any`; `read-write`, also spelled `primary`: a server that writes | `read-write` with several hosts, `any` with one |
/// | `connect_timeout` | seconds for each host, at least 1 | 1 |
/// | `application_name` | as operators see it in `pg_stat_activity` | `portcullis` |
///
/// Only `verify-full` keeps out somebody between here and the server. TLS is not spoken over Unix sockets,
/// whatever `sslmode` says.
///
/// Printing one shows neither user nor password.
///
/// ```
/// use portcullis_adapters_postgres::PostgresUrl;
///
/// let url = PostgresUrl::parse("postgres://shop:p%40ss@db1,db2:5433/accounts?sslmode=verify-full")?;
/// assert_eq!(url.to_string(), "postgres://[redacted]@db1:5432,db2:5433/accounts?sslmode=verify-full");
/// # Ok::<(), portcullis_adapters_postgres::InvalidPostgresUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(crate) user: String,
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) database: String,
    pub(crate) ssl_mode: SslMode,
    pub(crate) ssl_root_certificate: Option<PathBuf>,
    pub(crate) must_write: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) application_name: String,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name, an address without brackets, or the path of a folder.
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const PARAMETERS: [&str; 5] =
    ["sslmode", "sslrootcert", "target_session_attrs", "connect_timeout", "application_name"];

impl PostgresUrl {
    /// Reads such a URL.
    ///
    /// # Errors
    ///
    /// [`InvalidPostgresUrl`] says what is wrong, and repeats nothing that could be part of a password.
    pub fn parse(text: &str) -> Result<Self, InvalidPostgresUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidPostgresUrl::Scheme)?;
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(InvalidPostgresUrl::Scheme);
        }
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').ok_or(InvalidPostgresUrl::Database)?;
        // The last `@`: one in a password that was not encoded does no harm, other characters do.
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some(parts) => parts,
            None if rest.contains('@') => return Err(InvalidPostgresUrl::NotEncoded),
            None => return Err(InvalidPostgresUrl::User),
        };
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        let hosts: Vec<_> = hosts.split(',').map(Host::parse).collect::<Result<_, _>>()?;
        let mut url = Self {
            user: decoded(user).ok_or(InvalidPostgresUrl::User)?.to_string(),
            password: password.map(|text| decoded(text).ok_or(InvalidPostgresUrl::Password)).transpose()?,
            must_write: hosts.len() > 1,
            hosts,
            database: decoded(database).ok_or(InvalidPostgresUrl::Database)?.to_string(),
            ssl_mode: SslMode::Prefer,
            ssl_root_certificate: None,
            connect_timeout: Duration::from_secs(1),
            application_name: "portcullis".to_owned(),
        };
        let mut given = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let known = PARAMETERS.into_iter().find(|known| *known == name);
            let name = known.ok_or(InvalidPostgresUrl::UnknownParameter)?;
            if given.contains(&name) {
                return Err(InvalidPostgresUrl::RepeatedParameter { name });
            }
            given.push(name);
            url.set(name, value).ok_or(InvalidPostgresUrl::Value { name })?;
        }
        // As other clients of PostgreSQL take it: who names authorities wants them asked.
        if url.ssl_mode == SslMode::Require && url.ssl_root_certificate.is_some() {
            url.ssl_mode = SslMode::VerifyCa;
        }
        Ok(url)
    }

    /// Finds out whether the authorities that vouch for the server can be had, without reaching it.
    ///
    /// # Errors
    ///
    /// [`OpenError::Certificates`] and [`OpenError::NoCertificates`], as [`PostgresStore::connect`] has them.
    ///
    /// [`PostgresStore::connect`]: crate::PostgresStore::connect
    pub fn check_certificates(&self) -> Result<(), OpenError> {
        tls::connector(self).map(drop)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let value = decoded(value)?;
        match name {
            "sslmode" => self.ssl_mode = SslMode::of_name(&value)?,
            "sslrootcert" => self.ssl_root_certificate = Some(PathBuf::from(value.as_str())),
            "target_session_attrs" => {
                self.must_write = match value.as_str() {
                    "any" => false,
                    "read-write" | "primary" => true,
                    _ => return None,
                }
            }
            "connect_timeout" => {
                let seconds = value.parse().ok().filter(|seconds| *seconds > 0)?;
                self.connect_timeout = Duration::from_secs(seconds);
            }
            "application_name" => value.as_str().clone_into(&mut self.application_name),
            _ => return None,
        }
        Some(())
    }
}

/// The text behind a percent-encoding, if there is one without control characters.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    let is_usable = !decoded.is_empty() && !decoded.chars().any(char::is_control);
    is_usable.then_some(decoded)
}

impl Host {
    const DEFAULT_PORT: u16 = 5432;

    fn parse(text: &str) -> Result<Self, InvalidPostgresUrl> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(InvalidPostgresUrl::Port)?,
            None => Self::DEFAULT_PORT,
        };
        Ok(Self { name: Self::parse_name(name).ok_or(InvalidPostgresUrl::Host)?, port })
    }

    fn parse_name(text: &str) -> Option<String> {
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
        }
        let name = decoded(text)?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        (is_name || name.starts_with('/')).then(|| name.to_string())
    }

    /// Whether it is reached through a Unix socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }
}

impl SslMode {
    fn of_name(name: &str) -> Option<Self> {
        const MODES: [SslMode; 5] =
            [SslMode::Disable, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull];
        MODES.into_iter().find(|mode| mode.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        if self.is_socket() {
            write!(formatter, "{}:{port}", name.replace('/', "%2F"))
        } else if name.contains(':') {
            write!(formatter, "[{name}]:{port}")
        } else {
            write!(formatter, "{name}:{port}")
        }
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("postgres://[redacted]@")?;
        for (number, host) in self.hosts.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(formatter, "{comma}{host}")?;
        }
        write!(formatter, "/{}?sslmode={}", self.database, self.ssl_mode.name())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgresUrl({self})")
    }
}

/// Why a text is not a [`PostgresUrl`]. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPostgresUrl {
    /// It starts with neither scheme.
    #[error("does not start with postgres:// or postgresql://")]
    Scheme,
    /// There is an `@`, but not where it should be.
    #[error("has a /, ? or # in its user or password that is not percent-encoded")]
    NotEncoded,
    /// Nobody is named.
    #[error("has no USER before an @, or it is not UTF-8 or has control characters")]
    User,
    /// What stands for a password is none.
    #[error("has a password that is empty, not UTF-8 or has control characters")]
    Password,
    /// A host is no name, no address and no folder.
    #[error(
        "has no valid host name or address; an IPv6 address stands in brackets, the folder of a socket is \
         percent-encoded"
    )]
    Host,
    /// A port is no port.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// No database is named.
    #[error("does not name a database: HOST/NAME")]
    Database,
    /// A parameter is none of those that there are.
    #[error("has a parameter that is none of {}", PARAMETERS.join(", "))]
    UnknownParameter,
    /// A parameter stands there twice.
    #[error("has the parameter {name} more than once")]
    RepeatedParameter {
        /// Which one.
        name: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("has a value of {name} that is not allowed")]
    Value {
        /// Of which one.
        name: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PostgresUrl {
        PostgresUrl::parse(text).unwrap()
    }

    fn hosts(text: &str) -> Vec<(String, u16)> {
        parse(text).hosts.into_iter().map(|host| (host.name, host.port)).collect()
    }

    #[test]
    fn all_parts_are_read() {
        let url = parse(
            "postgresql://shop%40example.com:p%3A%2F%40%C3%A4@db:5433/my%20accounts\
             ?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20certs.pem&target_session_attrs=read-write\
             &connect_timeout=3&application_name=shop",
        );
        assert_eq!(url.user, "shop@example.com");
        assert_eq!(url.password.as_ref().map(|password| password.as_str()), Some("p:/@ä"));
        assert_eq!(url.hosts, [Host { name: "db".into(), port: 5433 }]);
        assert_eq!(url.database, "my accounts");
        assert_eq!(url.ssl_mode, SslMode::VerifyFull);
        assert_eq!(url.ssl_root_certificate, Some("/etc/ca certs.pem".into()));
        assert!(url.must_write);
        assert_eq!((url.connect_timeout, url.application_name.as_str()), (Duration::from_secs(3), "shop"));
    }

    #[test]
    fn hosts_are_names_addresses_and_sockets() {
        let owned = |hosts: &[(&str, u16)]| -> Vec<_> {
            hosts.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect()
        };
        for (text, wanted) in [
            ("postgres://u@db/n", &[("db", 5432)][..]),
            ("postgres://u@127.0.0.1:6432/n", &[("127.0.0.1", 6432)]),
            ("postgres://u@[::1]/n", &[("::1", 5432)]),
            ("postgres://u@[2001:db8::1]:6432/n", &[("2001:db8::1", 6432)]),
            ("postgres://u@a,b:6432,[::1]:7/n", &[("a", 5432), ("b", 6432), ("::1", 7)]),
            ("postgres://u@%2Frun%2Fpostgresql:6432/n", &[("/run/postgresql", 6432)]),
        ] {
            assert_eq!(hosts(text), owned(wanted), "{text}");
        }
    }

    #[test]
    fn of_several_servers_one_that_writes_is_wanted() {
        for (text, must_write) in [
            ("postgres://u@a/n", false),
            ("postgres://u@a,b/n", true),
            ("postgres://u@a,b/n?target_session_attrs=any", false),
            ("postgres://u@a/n?target_session_attrs=primary", true),
        ] {
            assert_eq!(parse(text).must_write, must_write, "{text}");
        }
    }

    #[test]
    fn who_names_authorities_wants_them_asked() {
        for (text, mode) in [
            ("postgres://u@a/n", SslMode::Prefer),
            ("postgres://u@a/n?sslmode=disable", SslMode::Disable),
            ("postgres://u@a/n?sslmode=require", SslMode::Require),
            ("postgres://u@a/n?sslmode=require&sslrootcert=ca.pem", SslMode::VerifyCa),
            ("postgres://u@a/n?sslrootcert=ca.pem&sslmode=require", SslMode::VerifyCa),
            ("postgres://u@a/n?sslmode=verify-ca", SslMode::VerifyCa),
        ] {
            assert_eq!(parse(text).ssl_mode, mode, "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_with_the_reason() {
        use InvalidPostgresUrl::{
            Database, Host, NotEncoded, Password, Port, RepeatedParameter, Scheme, UnknownParameter, User,
            Value,
        };
        for (text, reason) in [
            ("", Scheme),
            ("db/accounts", Scheme),
            ("mysql://u:p@db/accounts", Scheme),
            ("postgres://db/accounts", User),
            ("postgres://@db/accounts", User),
            ("postgres://:p@db/accounts", User),
            ("postgres://u:@db/accounts", Password),
            ("postgres://u:%00@db/accounts", Password),
            ("postgres://u:%FF@db/accounts", Password),
            ("postgres://u:a/b@db/accounts", NotEncoded),
            ("postgres://u:a?b@db/accounts", Database),
            ("postgres://u@/accounts", Host),
            ("postgres://u@a,/accounts", Host),
            ("postgres://u@a b/accounts", Host),
            ("postgres://u@::1/accounts", Host),
            ("postgres://u@[nonsense]/accounts", Host),
            ("postgres://u@db:0/accounts", Port),
            ("postgres://u@db:65536/accounts", Port),
            ("postgres://u@db:x/accounts", Port),
            ("postgres://u@db", Database),
            ("postgres://u@db/", Database),
            ("postgres://u@db/accounts?options=-c%20fsync%3Doff", UnknownParameter),
            ("postgres://u@db/accounts?sslmode", Value { name: "sslmode" }),
            ("postgres://u@db/accounts?sslmode=verify", Value { name: "sslmode" }),
            ("postgres://u@db/accounts?target_session_attrs=standby", Value { name: "target_session_attrs" }),
            ("postgres://u@db/accounts?connect_timeout=0", Value { name: "connect_timeout" }),
            (
                "postgres://u@db/accounts?sslmode=disable&sslmode=require",
                RepeatedParameter { name: "sslmode" },
            ),
        ] {
            assert_eq!(PostgresUrl::parse(text).unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn neither_a_url_nor_its_errors_print_credentials() {
        let url = parse("postgres://key-user:hunter2@[2001:db8::1],%2Frun:1/accounts?sslmode=require");
        assert_eq!(
            format!("{url:?}"),
            "PostgresUrl(postgres://[redacted]@[2001:db8::1]:5432,%2Frun:1/accounts?sslmode=require)",
        );
        for broken in [
            "key-user:hunter2@db/accounts",
            "postgres://key-user:hunter2@:1/accounts",
            "postgres://key-user:hunter2@db:x/accounts",
            "postgres://key-user:hunter2/more@db/accounts",
            "postgres://key-user:hunter2?more=1@db/accounts",
            "postgres://key-user:hunter2#more@db",
            "postgres://key-user@db/accounts?password=hunter2",
            "postgres://key-user@db/accounts?hunter2=1",
        ] {
            let error = PostgresUrl::parse(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{broken}");
        }
    }
}
