use std::time::Duration;

use portcullis_domain::Timestamp;
use time::OffsetDateTime;

#[test]
fn a_timestamp_keeps_microseconds() {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
    let timestamp = Timestamp::from(moment);
    assert_eq!(timestamp.unix_micros(), 1_700_000_000_123_456);
    assert_eq!(OffsetDateTime::from(timestamp).nanosecond(), 123_456_000);
}

#[test]
fn a_timestamp_is_shown_as_rfc_3339_writes_it() {
    for (micros, shown) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_772_366_400_120_000, "2026-03-01T12:00:00.12Z"),
        (i64::MAX, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(Timestamp::from_unix_micros(micros).to_string(), shown);
    }
}

#[test]
fn a_day_begins_at_midnight_in_utc() {
    let [midnight, later, next] = [1_772_323_200_000_000, 1_772_409_599_999_999, 1_772_409_600_000_000]
        .map(Timestamp::from_unix_micros);
    assert_eq!(midnight.start_of_day(), midnight);
    assert_eq!(later.start_of_day(), midnight);
    assert_eq!(next.start_of_day(), next);
    assert_eq!(Timestamp::MIN.start_of_day(), Timestamp::MIN);
}

#[test]
fn arithmetic_stays_within_the_range() {
    assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
    assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
    assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
    assert_eq!(OffsetDateTime::from(Timestamp::MAX).year(), 9999);
}
