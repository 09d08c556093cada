use std::net::IpAddr;

use actix_web::http::header::{FORWARDED, HeaderMap, X_FORWARDED_FOR};
use ipnet::{IpNet, Ipv4Net};

use super::{forwarded, x_forwarded_for};

/// The proxies whose word on where a request came from is taken; nobody's by default.
///
/// A request's client is the peer of its connection, unless that is a trusted proxy. Then `Forwarded`
/// (RFC 7239) or `X-Forwarded-For` is read from its end, where the nearest proxy wrote, to its beginning, which
/// anybody may have written:
///
/// - Trusted proxies are passed over, and the first other address is the client. What stands before it is not
///   looked at, so it does not matter what a client puts there.
/// - What is no address (a hidden or unknown one, or nonsense), and a header line that cannot be read, ends the
///   search: the client is the last address that was vouched for, the peer's if there is no other. The same
///   goes when there are none but trusted proxies.
/// - Where both headers are there and disagree, neither is believed, and the client is the peer. Many proxies
///   write one of them and let the other through, so one of them may be the client's own.
///
/// Addresses are compared and returned in their canonical form: IPv4, where they are IPv4 mapped into IPv6.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().map(canonical).collect())
    }
}

/// A network of IPv4 addresses that are mapped into IPv6, as the network that it stands for.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let mapped = |network: ipnet::Ipv6Net| {
        let address = network.addr().to_ipv4_mapped()?;
        Ipv4Net::new(address, network.prefix_len().checked_sub(MAPPED)?).ok()
    };
    match network {
        IpNet::V6(v6) => mapped(v6).map_or(network, IpNet::V4),
        IpNet::V4(_) => network,
    }
}

impl TrustedProxies {
    /// Where a request with these headers came from, when `peer` is the other end of its connection.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let forwarded = headers
            .contains_key(FORWARDED)
            .then(|| self.first_other(peer, forwarded::hops(headers.get_all(FORWARDED))));
        let x_forwarded_for = headers
            .contains_key(X_FORWARDED_FOR)
            .then(|| self.first_other(peer, x_forwarded_for::hops(headers.get_all(X_FORWARDED_FOR))));
        match (forwarded, x_forwarded_for) {
            (Some(address), Some(other)) if address != other => peer,
            (Some(address), _) | (None, Some(address)) => address,
            (None, None) => peer,
        }
    }

    /// The first address that is no trusted proxy's, or the last that one of these vouched for. The hops come
    /// from near to far, with none for what names no address.
    fn first_other(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut vouched_for = peer;
        for hop in hops {
            match hop {
                Some(address) if self.trust(address) => vouched_for = address,
                Some(address) => return address,
                None => break,
            }
        }
        vouched_for
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn proxies() -> TrustedProxies {
        ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|network| network.parse().unwrap()).into_iter().collect()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The client of a request with these header lines, sent by `peer`.
    fn client_behind(peer: &str, lines: &[(HeaderName, impl AsRef<[u8]>)]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name.clone(), HeaderValue::from_bytes(line.as_ref()).unwrap());
        }
        proxies().client_address(address(peer), &headers)
    }

    fn by_x_forwarded_for(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (X_FORWARDED_FOR, *line)).collect();
        client_behind(PROXY, &lines).to_string()
    }

    fn by_forwarded(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (FORWARDED, *line)).collect();
        client_behind(PROXY, &lines).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        let lines = [(X_FORWARDED_FOR, "192.0.2.1"), (FORWARDED, "for=192.0.2.1")];
        for peer in ["198.51.100.7", "11.0.0.1", "2001:db8::1"] {
            assert_eq!(client_behind(peer, &lines), address(peer));
        }
        let nobody = TrustedProxies::default();
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.1"));
        assert_eq!(nobody.client_address(address("127.0.0.1"), &headers), address("127.0.0.1"));
    }

    #[test]
    fn a_trusted_peer_without_headers_is_the_client() {
        assert_eq!(by_x_forwarded_for(&[]), PROXY);
    }

    #[test]
    fn x_forwarded_for_is_read_from_its_end() {
        let cases: [(&[&str], &str); 19] = [
            (&["192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1", "10.0.0.2"], "192.0.2.1"),
            (&["192.0.2.1, 10.0.0.3 ,10.0.0.2"], "192.0.2.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["192.0.2.1, 2001:db8:ffff::2"], "192.0.2.1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, ::ffff:10.0.0.2"], "192.0.2.1"),
            (&[" , 192.0.2.1,, "], "192.0.2.1"),
            (&["nonsense, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, nonsense"], PROXY),
            (&["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&["192.0.2.1, 300.0.0.1"], PROXY),
            (&[""], PROXY),
        ];
        for (lines, expected) in cases {
            assert_eq!(by_x_forwarded_for(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn forwarded_is_read_from_its_end() {
        let cases: [(&[&str], &str); 32] = [
            (&["for=192.0.2.1"], "192.0.2.1"),
            (&["For=192.0.2.1"], "192.0.2.1"),
            (&["for=\"192.0.2.1\""], "192.0.2.1"),
            (&["for=\"192.0.2.1:4711\""], "192.0.2.1"),
            (&["for=\"192.0.2.1:_port\""], "192.0.2.1"),
            (&["for=\"[2001:db8::1]\""], "2001:db8::1"),
            (&["for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=\"[::ffff:192.0.2.1]\""], "192.0.2.1"),
            (&[r#"for="192\.0.2.1""#], "192.0.2.1"),
            (&["for=192.0.2.1;proto=https;by=10.0.0.1"], "192.0.2.1"),
            (&["proto=https;by=10.0.0.1;for=192.0.2.1;"], "192.0.2.1"),
            (&["proto=https; for=192.0.2.1 ; host=a"], "192.0.2.1"),
            (&[r#"host="a, for=6.6.6.6; \"b";for=192.0.2.1"#], "192.0.2.1"),
            (&["for=203.0.113.9, for=192.0.2.1"], "192.0.2.1"),
            (&["for=203.0.113.9", "for=192.0.2.1"], "192.0.2.1"),
            (&["for=192.0.2.1 ,for=10.0.0.3", "for=10.0.0.2"], "192.0.2.1"),
            (&["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"),
            (&[" , for=192.0.2.1,, "], "192.0.2.1"),
            (&["for=192.0.2.1, for=unknown"], PROXY),
            (&["for=192.0.2.1, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
            (&["for=192.0.2.1, proto=https"], PROXY),
            (&["for=192.0.2.1, for=2001:db8::1"], PROXY),
            (&["for=192.0.2.1, for=\"2001:db8::1\""], PROXY),
            (&["for=192.0.2.1:4711"], PROXY),
            (&["for=\"192.0.2.1:123456\""], PROXY),
            (&["for=\"192.0.2.1:\""], PROXY),
            (&["for=192.0.2.1;for=192.0.2.1"], PROXY),
            (&["for=\"192.0.2.1"], PROXY),
            (&["for=\", for=192.0.2.1"], PROXY),
            (&["nonsense, for=192.0.2.1"], PROXY),
            (&["nonsense\"", "for=192.0.2.1"], "192.0.2.1"),
            (&["for=192.0.2.1", "nonsense", "for=10.0.0.2"], "10.0.0.2"),
        ];
        for (lines, expected) in cases {
            assert_eq!(by_forwarded(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn two_headers_are_believed_when_they_agree() {
        let both = |forwarded, x_forwarded_for| {
            let lines = [(FORWARDED, forwarded), (X_FORWARDED_FOR, x_forwarded_for)];
            client_behind(PROXY, &lines).to_string()
        };
        assert_eq!(both("for=192.0.2.1", "192.0.2.1"), "192.0.2.1");
        assert_eq!(both("for=\"[::ffff:192.0.2.1]:80\"", "6.6.6.6, 192.0.2.1"), "192.0.2.1");
        for (forwarded, x_forwarded_for) in [
            ("for=6.6.6.6", "192.0.2.1"),
            ("for=192.0.2.1", "6.6.6.6"),
            ("nonsense", "192.0.2.1"),
            ("for=192.0.2.1", "nonsense"),
            ("for=192.0.2.1", ""),
            ("proto=https", "192.0.2.1"),
        ] {
            assert_eq!(both(forwarded, x_forwarded_for), PROXY, "{forwarded} {x_forwarded_for}");
        }
    }

    #[test]
    fn a_peer_or_network_that_is_mapped_into_ipv6_is_what_it_stands_for() {
        let lines = [(X_FORWARDED_FOR, "192.0.2.1")];
        assert_eq!(client_behind("::ffff:10.0.0.1", &lines), address("192.0.2.1"));
        assert_eq!(client_behind("::ffff:11.0.0.1", &lines), address("11.0.0.1"));
        let mapped: TrustedProxies = ["::ffff:11.0.0.0/104".parse().unwrap()].into_iter().collect();
        assert!(mapped.trust(address("11.1.2.3")) && !mapped.trust(address("12.0.0.1")));
        let all: TrustedProxies = ["::/0".parse().unwrap()].into_iter().collect();
        assert!(all.trust(address("2001:db8::1")) && !all.trust(address("10.0.0.1")));
    }

    #[test]
    fn the_longest_headers_are_read_in_no_time() {
        const OCTETS: usize = 128 * 1024;
        for piece in [",", "10.0.0.2,", "for=10.0.0.2,", "for=10.0.0.2;", "a=b;", "\"", "\\\"", "a=\"\";"] {
            let line = piece.repeat(OCTETS / piece.len());
            let begun = Instant::now();
            client_behind(PROXY, &[(FORWARDED, &line), (X_FORWARDED_FOR, &line)]);
            assert!(begun.elapsed() < Duration::from_secs(5), "{piece}: {:?}", begun.elapsed());
        }
    }

    /// What a client may have put into a header line: anything, and things that look like a part of one.
    fn anything() -> impl Strategy<Value = Vec<u8>> {
        let looks_right =
            "(for=|proto=|\"|\\\\|,|;| |\\[|\\]|:|192\\.0\\.2\\.9|2001:db8::9|10\\.0\\.0\\.9|_x){0,12}";
        prop_oneof![
            looks_right.prop_map(String::into_bytes),
            prop::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8], 0..64),
        ]
    }

    fn joined(one: &[u8], other: &str) -> Vec<u8> {
        [one, b", ", other.as_bytes()].concat()
    }

    proptest! {
        #[test]
        fn no_client_chooses_its_address(by_client in anything()) {
            let client = address("192.0.2.1");
            let written = joined(&by_client, "192.0.2.1");
            prop_assert_eq!(client_behind(PROXY, &[(X_FORWARDED_FOR, &written)]), client);
            let lines = [(FORWARDED, by_client.as_slice()), (FORWARDED, b"for=192.0.2.1;proto=http")];
            prop_assert_eq!(client_behind(PROXY, &lines), client);
            for by_proxy in ["for=192.0.2.1;proto=http", "for=\"192.0.2.1:80\";host=\"a\""] {
                let found = client_behind(PROXY, &[(FORWARDED, joined(&by_client, by_proxy))]);
                prop_assert!(found == client || found == address(PROXY), "{}", found);
            }
            let lines = [(FORWARDED, by_client.as_slice()), (X_FORWARDED_FOR, b"192.0.2.1")];
            let found = client_behind(PROXY, &lines);
            prop_assert!(found == client || found == address(PROXY), "{}", found);
        }
    }
}
