//! Settings about traces, as OpenTelemetry has them.

use std::collections::HashMap;
use std::fmt;

use actix_web::http::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::form::{Form, Refusal};
use super::setting::Secrecy;

/// Headers for the collector, by name. They may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CollectorHeaders(pub HashMap<String, String>);

impl fmt::Debug for CollectorHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CollectorHeaders([redacted])")
    }
}

impl Form for CollectorHeaders {
    type Value = Self;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "`NAME=VALUE` between commas, with values percent-encoded".to_owned()
    }

    fn parse(text: &str) -> Result<Self::Value, Refusal> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(header).collect::<Result<_, _>>().map(Self)
    }
}

fn header(entry: &str) -> Result<(String, String), Refusal> {
    let (name, value) = entry.split_once('=').ok_or_else(|| Refusal::new("has an entry without ="))?;
    let name =
        HeaderName::try_from(name.trim()).map_err(|_| Refusal::new("has a name that no header has"))?;
    let value = percent_decode_str(value.trim()).decode_utf8()?;
    HeaderValue::from_str(&value).map_err(|_| Refusal::new("has a value that no header has"))?;
    Ok((name.to_string(), value.into_owned()))
}

/// What a service is called.
pub struct ServiceName;

impl ServiceName {
    /// The name of the program.
    pub(super) const DEFAULT: &'static str = "portcullis";
}

impl Form for ServiceName {
    type Value = String;

    fn allowed() -> String {
        "a name of at most 255 characters".to_owned()
    }

    fn parse(text: &str) -> Result<String, Refusal> {
        if text.is_empty() || text.chars().count() > 255 || text.chars().any(char::is_control) {
            return Err(Refusal::new("is empty, too long or has a control character"));
        }
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_written_as_opentelemetry_has_them() {
        let given = CollectorHeaders::parse("Authorization=Basic%20YTpi==, x-tenant = a%2Cb,").unwrap();
        assert!(!format!("{given:?}").contains("YTpi"), "{given:?}");
        let CollectorHeaders(headers) = given;
        assert_eq!(headers.len(), 2);
        assert_eq!(
            (headers["authorization"].as_str(), headers["x-tenant"].as_str()),
            ("Basic YTpi==", "a,b")
        );
        assert_eq!(CollectorHeaders::parse(""), Ok(CollectorHeaders(HashMap::new())));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for text in ["key", "a b=c", "=c", "key=%0A", "key=%ff"] {
            assert!(CollectorHeaders::parse(text).is_err(), "{text}");
        }
    }
}
