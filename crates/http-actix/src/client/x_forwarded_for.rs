//! `X-Forwarded-For`: addresses between commas, to which each proxy appends where it was called from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderValue;

/// The addresses from the last to the first, with none for what is no address.
pub(super) fn hops<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = lines.collect();
    lines
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|octet| *octet == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|hop| !hop.is_empty())
        .map(address)
}

/// Some proxies write ports, and some put IPv6 into brackets.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?;
    let bare = || hop.parse::<IpAddr>().ok();
    let with_port = || Some(hop.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || Some(hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into());
    bare().or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}
