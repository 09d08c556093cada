use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    /// The address, or the network as `2001:db8::/64`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Network::V4(address) => address.fmt(formatter),
            Network::V6(first) => write!(formatter, "{first}/64"),
            Network::Here => formatter.write_str("here"),
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
    }
}
