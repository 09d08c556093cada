use portcullis_domain::Timestamp;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in RFC 3339, always in UTC.
#[derive(Clone, Copy, Debug)]
pub struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const LONGEST: usize = "9999-12-31T23:59:59.999999Z".len();
        let mut text = [0; LONGEST];
        let mut rest = text.as_mut_slice();
        OffsetDateTime::from(self.0).format_into(&mut rest, &Rfc3339).map_err(S::Error::custom)?;
        let unused = rest.len();
        serializer.serialize_str(str::from_utf8(&text[..LONGEST - unused]).map_err(S::Error::custom)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc_to_the_microsecond() {
        let written = |micros| serde_json::to_value(Moment(Timestamp::from_unix_micros(micros))).unwrap();
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(1_772_366_400_123_456), "2026-03-01T12:00:00.123456Z");
        assert_eq!(written(1_772_366_400_120_000), "2026-03-01T12:00:00.12Z");
        assert_eq!(written(i64::MAX), "9999-12-31T23:59:59.999999Z");
    }
}
