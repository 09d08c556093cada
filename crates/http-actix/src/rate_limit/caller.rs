use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portcullis_domain::EmailAddress;
use sha2::{Digest as _, Sha256};

/// Whose calls are counted together.
///
/// Somebody with IPv6 has a network of 2⁶⁴ addresses at the least, and can call from another each time.
///
/// ```
/// use portcullis_http_actix::Caller;
///
/// let caller = |address: &str| Caller::from(Some(address.parse().unwrap()));
/// assert_eq!(caller("2001:db8::1"), caller("2001:db8::ffff:2"));
/// assert_ne!(caller("2001:db8::1"), caller("2001:db8:0:1::1"));
/// assert_eq!(caller("192.0.2.1"), caller("::ffff:192.0.2.1"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller(Network);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    /// An address.
    V4(Ipv4Addr),
    /// A network of 64 bits, by its first address.
    V6(Ipv6Addr),
    /// This machine, through a Unix socket.
    Here,
    /// Whoever it may be, by the SHA-256 of the address that they have mails written to: counts are kept where
    /// addresses of people have no business.
    WriterTo([u8; 32]),
}

impl Caller {
    /// All who have mails written to this address.
    #[must_use]
    pub fn writing_to(address: &EmailAddress) -> Self {
        Self(Network::WriterTo(Sha256::digest(address.canonical()).into()))
    }
}

impl From<Option<IpAddr>> for Caller {
    /// Who calls from this address. All who have none are one caller.
    fn from(address: Option<IpAddr>) -> Self {
        Self(match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Network::V4(address),
            Some(IpAddr::V6(address)) => {
                Network::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            None => Network::Here,
        })
    }
}

impl fmt::Display for Caller {
    /// The address, the network as `2001:db8::/64`, or the digest of an address of mails.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Network::V4(address) => address.fmt(formatter),
            Network::V6(first) => write!(formatter, "{first}/64"),
            Network::Here => formatter.write_str("here"),
            Network::WriterTo(digest) => {
                formatter.write_str("to-")?;
                digest.iter().try_for_each(|octet| write!(formatter, "{octet:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_shown_as_what_they_are() {
        let shown = |address: &str| Caller::from(Some(address.parse().unwrap())).to_string();
        assert_eq!(shown("192.0.2.1"), "192.0.2.1");
        assert_eq!(shown("2001:db8:0:7:8:9:a:b"), "2001:db8:0:7::/64");
        assert_eq!(Caller::from(None).to_string(), "here");
        let writer = |address| Caller::writing_to(&EmailAddress::parse(address).unwrap());
        assert_eq!(writer("ada@example.com"), writer("ADA@Example.com"));
        assert_ne!(writer("ada@example.com"), writer("bob@example.com"));
        assert_eq!(
            writer("ada@example.com").to_string(),
            "to-b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"
        );
    }
}
