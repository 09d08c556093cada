use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR};
use portcullis_http_actix::TrustedProxies;

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

/// Whatever a client writes into the headers of proxies: behind a trusted one its address is the one that the proxy
/// saw, or else the proxy's, and without one it is its own.
pub fn forwarding_headers(octets: &[u8]) {
    let Ok(written) = HeaderValue::from_bytes(octets) else { return };
    let seen = HeaderValue::from_static("192.0.2.1");
    let seen_as_element = HeaderValue::from_static("for=192.0.2.1;proto=http");
    let appended = |seen: &HeaderValue| joined(&written, seen);

    for name in [FORWARDED, X_FORWARDED_FOR] {
        assert_eq!(client(STRANGER, [(name, written.clone())]), STRANGER);
    }
    // The proxy adds a line of its own.
    assert_eq!(client(PROXY, [(X_FORWARDED_FOR, written.clone()), (X_FORWARDED_FOR, seen.clone())]), CLIENT);
    assert_eq!(client(PROXY, [(FORWARDED, written.clone()), (FORWARDED, seen_as_element.clone())]), CLIENT);
    // It goes on with the client's line, which in `Forwarded` can be such that the whole line is void.
    assert_eq!(client(PROXY, [(X_FORWARDED_FOR, appended(&seen))]), CLIENT);
    let found = client(PROXY, [(FORWARDED, appended(&seen_as_element))]);
    assert!(found == CLIENT || found == PROXY, "{found}");
    // It writes the one and lets the other through.
    for lines in [
        [(X_FORWARDED_FOR, seen), (FORWARDED, written.clone())],
        [(FORWARDED, seen_as_element), (X_FORWARDED_FOR, written.clone())],
    ] {
        let found = client(PROXY, lines);
        assert!(found == CLIENT || found == PROXY, "{found}");
    }
    // Between a proxy and its own word there is nothing to agree on but addresses in their canonical form.
    let alone = client(PROXY, [(X_FORWARDED_FOR, written)]);
    assert_eq!(alone, alone.to_canonical());
}

fn client<const N: usize>(peer: IpAddr, lines: [(HeaderName, HeaderValue); N]) -> IpAddr {
    let proxies: TrustedProxies = ["10.0.0.0/8".parse().expect("a network")].into_iter().collect();
    let mut headers = HeaderMap::new();
    for (name, line) in lines {
        headers.append(name, line);
    }
    proxies.client_address(peer, &headers)
}

fn joined(one: &HeaderValue, other: &HeaderValue) -> HeaderValue {
    let line = [one.as_bytes(), b", ", other.as_bytes()].concat();
    HeaderValue::from_bytes(&line).expect("two values with a comma between them are one")
}
