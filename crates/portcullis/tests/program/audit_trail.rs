//! The audit trail, as operators read it.

use std::time::Duration;

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::AuditTrail as _;
use portcullis_testkit::fixtures::event_at;
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, create};
use crate::process::Installation;
use crate::sign_in::sign_in;

fn listed(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let listed = installation.run(&[&["audit", "list", "--json"], arguments].concat()).json();
    listed.as_array().expect("a list").clone()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().expect("text")).collect()
}

/// An installation where `ada` and `bob` were made, `ada` failed to sign in and signed in, and `bob` was erased. Gives
/// their ids, too.
fn eventful() -> (Installation, [String; 2]) {
    let installation = Installation::new();
    let made = ["ada@example.com", "bob@example.com"].map(|email| {
        let made = create(&installation, &["--email", email, "--json"], PASSWORD).json();
        made["id"].as_str().expect("an id").to_owned()
    });
    let serving = installation.serve();
    assert_eq!(sign_in(&serving, "ada@example.com", "not her password"), 401);
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD), 200);
    serving.end("TERM");
    installation.run(&["user", "delete", "bob@example.com", "--yes"]).output();
    (installation, made)
}

#[test]
fn events_are_listed_as_the_api_shows_them() {
    let (installation, [ada, bob]) = eventful();
    let events = listed(&installation, &[]);
    let [creation, rotation, login] = ["user_creation", "signing_key_rotation", "login"];
    assert_eq!(kinds(&events), ["user_deletion", login, login, rotation, creation, creation]);
    let told = |event: &Value| {
        ["outcome", "actor_id", "subject_id", "ip", "user_agent", "detail"].map(|key| event[key].clone())
    };
    let null = Value::Null;
    assert_eq!(
        told(&events[0]),
        [json!("success"), null.clone(), json!(bob), null.clone(), null.clone(), json!({"by": "operator"})]
    );
    let reason = json!({"reason": "wrong_password"});
    assert_eq!(
        told(&events[2]),
        [json!("failure"), null.clone(), json!(ada), json!("127.0.0.1"), null, reason]
    );

    let table = installation.run(&["audit", "list", "--kind", "login"]);
    let rows: Vec<Vec<_>> = table.output().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["AT", "KIND", "OUTCOME", "ACTOR", "SUBJECT", "IP", "DETAIL"]);
    assert_eq!(rows[2][1..], ["login", "failure", "-", &ada, "127.0.0.1", "reason=wrong_password"]);
    assert_eq!(rows.len(), 3, "{}", table.stdout);
}

#[test]
fn events_are_selected_by_whom_what_and_when() {
    let (installation, [ada, bob]) = eventful();
    let selected = |arguments: &[&str]| listed(&installation, arguments).len();
    for (arguments, expected) in [
        (&["--user", "ada@example.com"][..], 3),
        (&["--user", &ada, "--kind", "login"], 2),
        (&["--user", &bob], 2),
        (&["--kind", "user_deletion"], 1),
        (&["--kind", "role_creation"], 0),
        (&["--since", "1h"], 6),
        (&["--since", "2020-01-01T00:00:00Z", "--limit", "4"], 4),
        (&["--since", "9000-01-01T00:00:00Z"], 0),
    ] {
        assert_eq!(selected(arguments), expected, "{arguments:?}");
    }
    let erased = installation.run(&["audit", "list", "--user", "bob@example.com"]);
    assert_eq!(erased.failure(), "there is no user bob@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_trail_is_listed_to_its_end_or_to_its_limit() {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    let store = SqliteStore::open(&SqliteOptions::new(installation.path("data/portcullis.db"))).await;
    let store = store.expect("the database opens");
    let begin = Timestamp::from_unix_micros(1_800_000_000_000_000);
    for second in 0..250 {
        let event = event_at(AuditKind::Login, begin + Duration::from_secs(second));
        store.append(event).await.expect("append");
    }
    let all = listed(&installation, &[]);
    assert_eq!(all.len(), 250);
    assert!(all.is_sorted_by(|later, earlier| later["id"].as_str() > earlier["id"].as_str()));
    for limit in ["1", "200", "201", "251"] {
        let expected = limit.parse::<usize>().unwrap().min(250);
        assert_eq!(listed(&installation, &["--limit", limit])[..], all[..expected], "{limit}");
    }
    let since = (begin + Duration::from_secs(200)).to_string();
    assert_eq!(listed(&installation, &["--since", &since])[..], all[..50]);
    let finished = installation.run_for_nobody(&["audit", "list"]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "a reader may hang up");
}
