//! How to reach a mail server.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// A mail server, and the credentials for it: `smtp://`, `smtp+starttls://` or `smtps://`, then
/// `[USER:PASSWORD@]HOST:PORT` with user and password percent-encoded.
///
/// Printing one shows no credentials.
///
/// ```
/// use portcullis_adapters_smtp::SmtpUrl;
///
/// let url = SmtpUrl::parse("smtps://shop:p%40ss@mail.example.com:465")?;
/// assert_eq!(url.to_string(), "smtps://[redacted]@mail.example.com:465");
/// # Ok::<(), portcullis_adapters_smtp::InvalidSmtpUrl>(())
/// ```
#[derive(Clone)]
pub struct SmtpUrl {
    encryption: Encryption,
    credentials: Option<SmtpCredentials>,
    host: String,
    port: u16,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Not at all.
    None,
    /// By the command STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// From its first octet (RFC 8314).
    Tls,
}

#[derive(Clone)]
pub(crate) struct SmtpCredentials {
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
}

impl SmtpUrl {
    /// Reads such a URL.
    ///
    /// # Errors
    ///
    /// [`InvalidSmtpUrl`] says what is wrong and repeats nothing of `text`.
    pub fn parse(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidSmtpUrl::Scheme)?;
        let encryption = Encryption::of_scheme(scheme).ok_or(InvalidSmtpUrl::Scheme)?;
        // The last `@`: one in a password that was not percent-encoded does no harm.
        let (credentials, server) = match rest.rsplit_once('@') {
            Some((credentials, server)) => (Some(SmtpCredentials::parse(credentials)?), server),
            None => (None, rest),
        };
        let server = server.strip_suffix('/').unwrap_or(server);
        let (host, port) = server.rsplit_once(':').ok_or(InvalidSmtpUrl::Port)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(InvalidSmtpUrl::Port)?;
        let host = parse_host(host).ok_or(InvalidSmtpUrl::Host)?;
        let url = Self { encryption, credentials, host, port };
        if url.encryption == Encryption::None && url.credentials.is_some() && !url.is_loopback() {
            return Err(InvalidSmtpUrl::CredentialsInTheClear);
        }
        Ok(url)
    }

    pub(crate) fn encryption(&self) -> Encryption {
        self.encryption
    }

    pub(crate) fn credentials(&self) -> Option<&SmtpCredentials> {
        self.credentials.as_ref()
    }

    /// The name or address of the server, an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Encryption {
    fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme {
            "smtp" => Some(Self::None),
            "smtp+starttls" => Some(Self::StartTls),
            "smtps" => Some(Self::Tls),
            _ => None,
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::None => "smtp",
            Self::StartTls => "smtp+starttls",
            Self::Tls => "smtps",
        }
    }
}

impl SmtpCredentials {
    fn parse(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let (user, password) = text.split_once(':').ok_or(InvalidSmtpUrl::Credentials)?;
        let decoded = |text| {
            let decoded = percent_decode_str(text).decode_utf8().ok()?;
            let usable = !decoded.is_empty() && !decoded.chars().any(char::is_control);
            usable.then(|| Zeroizing::new(decoded.into_owned()))
        };
        let user = decoded(user).ok_or(InvalidSmtpUrl::Credentials)?;
        let password = decoded(password).ok_or(InvalidSmtpUrl::Credentials)?;
        Ok(Self { user: user.to_string(), password })
    }
}

fn parse_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    let is_name = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    is_name.then(|| host.to_owned())
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some providers hand out keys that are user names.
        let credentials = if self.credentials.is_some() { "[redacted]@" } else { "" };
        let (scheme, host, port) = (self.encryption.scheme(), &self.host, self.port);
        if host.contains(':') {
            write!(formatter, "{scheme}://{credentials}[{host}]:{port}")
        } else {
            write!(formatter, "{scheme}://{credentials}{host}:{port}")
        }
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SmtpUrl({self})")
    }
}

/// Why a text is not a [`SmtpUrl`]. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    /// It starts with none of the three schemes.
    #[error("does not start with smtp://, smtp+starttls:// or smtps://")]
    Scheme,
    /// What stands before the `@` is no user and password.
    #[error("has no USER:PASSWORD before the @, or they are not UTF-8 or have control characters")]
    Credentials,
    /// The host is no name and no address.
    #[error("has no valid host name or address; an IPv6 address stands in brackets")]
    Host,
    /// The port is missing or no number from 1 to 65535.
    #[error("does not end in :PORT, a number from 1 to 65535")]
    Port,
    /// A password would travel unencrypted to another machine.
    #[error("would send the password unencrypted; use smtp+starttls:// or smtps://")]
    CredentialsInTheClear,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Encryption, Option<(String, String)>, String, u16) {
        let url = SmtpUrl::parse(text).unwrap();
        let credentials = url.credentials.map(|it| (it.user, it.password.to_string()));
        (url.encryption, credentials, url.host, url.port)
    }

    #[test]
    fn all_three_schemes_are_read() {
        let some = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (text, expected) in [
            ("smtp://mail.example.com:25", (Encryption::None, None, "mail.example.com", 25)),
            ("smtp://[::1]:1025/", (Encryption::None, None, "::1", 1025)),
            ("smtp://u:p@127.0.0.1:25", (Encryption::None, some("u", "p"), "127.0.0.1", 25)),
            (
                "smtp+starttls://shop%40example.com:p%3A%2F%40%C3%A4@mail:587",
                (Encryption::StartTls, some("shop@example.com", "p:/@ä"), "mail", 587),
            ),
            ("smtps://u:a:b@c/d@mail:465", (Encryption::Tls, some("u", "a:b@c/d"), "mail", 465)),
        ] {
            let (encryption, credentials, host, port) = expected;
            assert_eq!(parts(text), (encryption, credentials, host.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_with_the_reason() {
        use InvalidSmtpUrl::{Credentials, CredentialsInTheClear, Host, Port, Scheme};
        for (text, reason) in [
            ("mail.example.com:25", Scheme),
            ("http://mail.example.com:25", Scheme),
            ("smtps://mail.example.com", Port),
            ("smtps://mail.example.com:0", Port),
            ("smtps://mail.example.com:65536", Port),
            ("smtps://mail.example.com:465?tls=no", Port),
            ("smtps://:465", Host),
            ("smtps://::1:465", Host),
            ("smtps://mail example.com:465", Host),
            ("smtps://user@mail:465", Credentials),
            ("smtps://user:@mail:465", Credentials),
            ("smtps://user:%0D%0A@mail:465", Credentials),
            ("smtps://user:%FF@mail:465", Credentials),
            ("smtp://user:secret@mail.example.com:25", CredentialsInTheClear),
        ] {
            assert_eq!(SmtpUrl::parse(text).unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn neither_a_url_nor_its_errors_print_credentials() {
        let url = SmtpUrl::parse("smtp+starttls://key-user:hunter2@[2001:db8::1]:587").unwrap();
        assert_eq!(format!("{url:?}"), "SmtpUrl(smtp+starttls://[redacted]@[2001:db8::1]:587)");
        for broken in
            ["key-user:hunter2@mail:25", "smtps://key-user:hunter2@:1", "smtps://key-user:hunter2@m:x"]
        {
            let error = SmtpUrl::parse(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
