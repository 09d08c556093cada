//! Settings that are addresses.

use std::net::{IpAddr, SocketAddr};

pub use ipnet::IpNet as Network;

use super::form::{Form, Refusal};

/// Where to listen.
pub struct Address;

impl Form for Address {
    type Value = SocketAddr;

    fn allowed() -> String {
        "an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`".to_owned()
    }

    fn parse(text: &str) -> Result<SocketAddr, Refusal> {
        text.parse().map_err(|_| Refusal::new("is not an IP address and a port"))
    }
}

impl Form for Network {
    type Value = Self;

    fn allowed() -> String {
        "a network or address, such as `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let address = || text.parse::<IpAddr>().ok().map(Self::from);
        text.parse().ok().or_else(address).ok_or_else(|| Refusal::new("is neither a network nor an address"))
    }
}
