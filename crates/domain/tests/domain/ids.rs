use portcullis_domain::{InvalidId, MailId, SessionId, Timestamp, UserId};
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
