use std::time::Duration;

use portcullis_domain::{SessionId, Timestamp, UserId};
use portcullis_testkit::ScriptedEntropy;
use time::OffsetDateTime;

#[test]
fn a_timestamp_keeps_microseconds() {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
    let timestamp = Timestamp::from(moment);
    assert_eq!(timestamp.unix_micros(), 1_700_000_000_123_456);
    assert_eq!(OffsetDateTime::from(timestamp).nanosecond(), 123_456_000);
}

#[test]
fn arithmetic_stays_within_the_range() {
    assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
    assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
    assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
    assert_eq!(OffsetDateTime::from(Timestamp::MAX).year(), 9999);
}

#[test]
fn ids_are_version_7_and_sort_by_time() {
    let entropy = ScriptedEntropy::default();
    let (earlier, later) = (
        Timestamp::from_unix_micros(1_700_000_000_000_000),
        Timestamp::from_unix_micros(1_700_000_000_001_000),
    );
    let (first, second) = (UserId::generate(earlier, &entropy), UserId::generate(later, &entropy));
    assert_eq!(first.uuid().get_version_num(), 7);
    assert!(first < second);
    assert_ne!(SessionId::generate(earlier, &entropy), SessionId::generate(earlier, &entropy));
}
