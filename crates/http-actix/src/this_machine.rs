//! Requests for which nobody has to say who they are: those that programs of this machine send to this machine.
//!
//! Any page that is open in a browser here can send some as well, in one of two ways: it just sends them, which the
//! browser tells, or it has its own name mean this machine ("DNS rebinding"), which the `Host` tells.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use actix_web::http::uri::{Authority, Uri};

/// Where the page is from that sends a request (W3C Fetch Metadata), as browsers tell it also without an `Origin`.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether `request` is for this machine by its name, and no page sends it but one of this machine or of
/// `trusted_origins`.
pub(crate) fn is_from_here(request: &HttpRequest, trusted_origins: &[String]) -> bool {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let is_trusted = |origin: &str| {
        trusted_origins.iter().any(|trusted| trusted == origin)
            || origin.parse().is_ok_and(|origin: Uri| origin.authority().is_some_and(is_loopback))
    };
    let is_sent_here = text(header::HOST).is_none_or(names_this_machine);
    is_sent_here
        && match text(header::ORIGIN) {
            Some(origin) => is_trusted(origin),
            None => text(SEC_FETCH_SITE) != Some("cross-site"),
        }
}

/// Whether what a `Host` header names is always this machine (RFC 6761 §6.3).
#[must_use]
pub fn names_this_machine(host: &str) -> bool {
    host.parse().is_ok_and(|authority| is_loopback(&authority))
}

fn is_loopback(authority: &Authority) -> bool {
    let name = authority.host().to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_from_here(headers: &[(&'static str, &'static str)]) -> bool {
        let request =
            headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
        super::is_from_here(&request.to_http_request(), &["https://app.example.com".to_owned()])
    }

    #[test]
    fn programs_and_pages_of_this_machine_and_trusted_pages_are_let_in() {
        for headers in [
            &[][..],
            &[("host", "localhost:8080")],
            &[("host", "[::1]:8080"), ("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site")],
            &[
                ("host", "127.0.0.1:8080"),
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[("host", "app.localhost"), ("sec-fetch-site", "none")],
        ] {
            assert!(is_from_here(headers), "{headers:?}");
        }
    }

    #[test]
    fn pages_from_elsewhere_are_not() {
        for headers in [
            [("host", "evil.example:8080"), ("sec-fetch-site", "same-origin")],
            [("host", "localhost.evil.example"), ("accept", "*/*")],
            [("host", "localhost:8080"), ("origin", "https://evil.example")],
            [("host", "localhost:8080"), ("origin", "null")],
            [("host", "localhost:8080"), ("origin", "https://localhost@evil.example")],
            [("host", "localhost:8080"), ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!is_from_here(&headers), "{headers:?}");
        }
    }

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "192.0.2.1",
            "0.0.0.0",
            "[2001:db8::1]",
            "127.0.0.1.example.com",
        ] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
