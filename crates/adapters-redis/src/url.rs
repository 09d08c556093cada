use std::fmt;
use std::str::FromStr as _;

use redis::{ConnectionAddr, ConnectionInfo};

/// How to reach a Redis server: `redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]`, or the same with `rediss://` for
/// TLS.
///
/// ```
/// use portcullis_adapters_redis::RedisUrl;
///
/// assert!(RedisUrl::parse("rediss://:secret@cache.example.com:6380/1").is_ok());
/// assert!(RedisUrl::parse("http://cache.example.com").is_err());
/// ```
#[derive(Clone)]
pub struct RedisUrl(ConnectionInfo);

/// Why a text is no [`RedisUrl`]. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It is for something else.
    #[error("starts with neither redis:// nor rediss://")]
    Scheme,
    /// It cannot be read.
    #[error("names no host, or has a database or parameters that cannot be")]
    Parts,
    /// It says that certificates are not to be checked.
    #[error("asks for TLS without a check of the certificate")]
    Insecure,
}

impl RedisUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`InvalidRedisUrl`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidRedisUrl> {
        if !["redis://", "rediss://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(InvalidRedisUrl::Scheme);
        }
        let info = ConnectionInfo::from_str(text).map_err(|_| InvalidRedisUrl::Parts)?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err(InvalidRedisUrl::Insecure),
            _ => Ok(Self(info)),
        }
    }

    pub(crate) fn connection_info(&self) -> ConnectionInfo {
        self.0.clone()
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisUrl([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_server_with_or_without_tls() {
        for text in [
            "redis://localhost",
            "redis://127.0.0.1:6379",
            "redis://[::1]:6379/0",
            "redis://:secret@cache:6379",
            "rediss://ada:secret@cache:6380/7",
        ] {
            assert!(RedisUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_names_none_is_refused() {
        for (text, expected) in [
            ("", InvalidRedisUrl::Scheme),
            ("cache:6379", InvalidRedisUrl::Scheme),
            ("http://cache", InvalidRedisUrl::Scheme),
            ("redis+unix:///run/redis.sock", InvalidRedisUrl::Scheme),
            ("redis://", InvalidRedisUrl::Parts),
            ("redis://cache:port", InvalidRedisUrl::Parts),
            ("redis://cache/database", InvalidRedisUrl::Parts),
            ("rediss://cache#insecure", InvalidRedisUrl::Insecure),
        ] {
            assert_eq!(RedisUrl::parse(text).map(drop), Err(expected), "{text}");
        }
    }

    #[test]
    fn credentials_are_not_in_debug_output() {
        let url = RedisUrl::parse("redis://ada:secret@cache:6379").unwrap();
        assert_eq!(format!("{url:?}"), "RedisUrl([redacted])");
    }
}
