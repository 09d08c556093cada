use std::time::Duration;

use portcullis_domain::{AuditEventId, InvalidId, MailId, SessionId, Timestamp, UserId};
use portcullis_testkit::ScriptedEntropy;

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

#[test]
fn an_id_reads_back_in_the_one_form_that_it_is_displayed_in() {
    let id =
        MailId::generate(Timestamp::from_unix_micros(1_700_000_000_000_000), &ScriptedEntropy::default());
    let text = id.to_string();
    assert_eq!(MailId::parse(&text), Ok(id));
    for other in
        ["", "7", &text[1..], &text.replace('-', ""), &format!("{{{text}}}"), &format!("urn:uuid:{text}")]
    {
        assert_eq!(MailId::parse(other), Err(InvalidId), "{other:?}");
    }
}

#[test]
fn the_earliest_id_of_a_moment_parts_what_came_before_from_the_rest() {
    let entropy = ScriptedEntropy::default();
    let moment = Timestamp::from_unix_micros(1_700_000_000_000_000);
    let earliest = AuditEventId::earliest(moment);
    assert_eq!(earliest.uuid().get_version_num(), 7);
    assert_eq!(earliest, AuditEventId::earliest(moment + Duration::from_micros(999)));
    assert!(earliest < AuditEventId::earliest(moment + Duration::from_millis(1)));
    entropy.script(&[0; 10]);
    assert_eq!(AuditEventId::generate(moment, &entropy), earliest);
    entropy.script(&[0xFF; 10]);
    assert!(AuditEventId::generate(moment - Duration::from_micros(1), &entropy) < earliest);
    for _ in 0..100 {
        assert!(earliest <= AuditEventId::generate(moment, &entropy));
    }
}
