use std::fmt;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;
use uuid::Uuid;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where in a trace a client says that it stands, by the header `traceparent` (W3C Trace Context).
///
/// Whoever calls may name any trace: it is an id, and nothing rests on it. It cannot hold anything else, so it is
/// fit for logs.
///
/// ```
/// use portcullis_http_actix::TraceParent;
///
/// let parent = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
/// assert_eq!(parent.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
/// assert!(parent.is_sampled);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: TraceId,
    /// The span of the client in it; never zero.
    pub span: u64,
    /// Whether the client records the trace.
    pub is_sampled: bool,
}

/// Names a trace; shown as 32 hexadecimal digits. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceParent {
    /// Where the client of `request` stands; none when it does not say so in one well-formed header.
    pub(crate) fn of(request: &ServiceRequest) -> Option<Self> {
        let mut values = request.headers().get_all(TRACEPARENT);
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value.to_str().ok()?),
            _ => None,
        }
    }

    /// Reads a header; none when it is not well formed. Of a later version as much is read as this one has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace = hexadecimal(parts.next()?, 32)?;
        let span = hexadecimal(parts.next()?, 16)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        let is_known = (version == 0 && parts.next().is_none()) || (1..0xff).contains(&version);
        let is_valid = is_known && trace != 0 && span != 0;
        let span = u64::try_from(span).ok()?;
        is_valid.then_some(Self { trace: TraceId(trace), span, is_sampled: flags & 1 == 1 })
    }
}

/// So many digits, in lower case.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |octet: u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    let is_well_formed = text.len() == digits && text.bytes().all(is_digit);
    is_well_formed.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl TraceId {
    /// A new trace.
    pub(crate) fn new(random: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(random).max(1))
    }

    /// The id as a number.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_u128(self.0).simple().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let parent = TraceParent::parse(&format!("cc-{TRACE}-{SPAN}-00-what-comes-later")).unwrap();
        assert_eq!((parent.trace.to_string(), parent.is_sampled), (TRACE.to_owned(), false));
        assert_eq!(TraceParent::parse(&format!("cc-{TRACE}-{SPAN}-00")), Some(parent));
    }

    #[test]
    fn flags_that_are_not_known_are_passed_over() {
        for (flags, is_sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            let parent = TraceParent::parse(&format!("00-{TRACE}-{SPAN}-{flags}")).unwrap();
            assert_eq!(parent.is_sampled, is_sampled, "{flags}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            "-".repeat(100_000),
            "00-".to_owned() + &"a".repeat(100_000),
            TRACE.to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{TRACE}-{SPAN}-0g"),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}0-{SPAN}-01"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01\n"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}-{SPAN}-01", "\u{661}".repeat(16)),
        ] {
            assert_eq!(TraceParent::parse(&text), None, "{text:.80}");
        }
    }

    #[test]
    fn a_client_stands_in_one_place() {
        let header = format!("00-{TRACE}-{SPAN}-01");
        let one = TestRequest::default().append_header(("traceparent", header.as_str()));
        assert!(TraceParent::of(&one.to_srv_request()).is_some());
        let two = TestRequest::default()
            .append_header(("traceparent", header.as_str()))
            .append_header(("traceparent", header.as_str()));
        assert_eq!(TraceParent::of(&two.to_srv_request()), None);
        let not_text = TestRequest::default().append_header(("traceparent", b"00-\xff".as_slice()));
        assert_eq!(TraceParent::of(&not_text.to_srv_request()), None);
    }
}
