use std::fmt;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderValue;
use portcullis_domain::Timestamp;
use uuid::Uuid;

/// Names one request in its answer and in the logs: a `UUIDv7`, always made here, so that no client writes
/// into the logs of its choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(Uuid);

impl RequestId {
    /// A new id, known from here on to whatever handles `request`.
    pub(crate) fn assign(request: &ServiceRequest, now: Timestamp, random: [u8; 16]) -> Self {
        let random = random.first_chunk().expect("it has ten octets and more");
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), random).into_uuid();
        request.extensions_mut().insert(Self(uuid));
        Self(uuid)
    }

    /// The id as the value of `X-Request-Id`.
    pub(crate) fn header_value(self) -> HeaderValue {
        let mut buffer = Uuid::encode_buffer();
        HeaderValue::from_str(self.0.hyphenated().encode_lower(&mut buffer))
            .expect("a UUID is hexadecimal digits and hyphens")
    }

    /// The id itself.
    pub(crate) fn uuid(self) -> Uuid {
        self.0
    }

    /// The id as a URI (RFC 9562 §4).
    pub(crate) fn urn(self) -> String {
        self.0.urn().to_string()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
