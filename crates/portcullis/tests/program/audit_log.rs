//! The audit trail as log records.

use serde_json::json;

use crate::accounts::{PASSWORD, create};
use crate::process::{Finished, Installation};

#[test]
fn what_an_operator_does_is_logged_once_and_without_addresses() {
    let installation = Installation::new();
    let made = create(&installation, &["--email", "ada@example.com", "--admin", "--json"], PASSWORD);
    let [record] = made.audit_records().try_into().expect("one record");
    assert_eq!(
        ["level", "kind", "outcome", "subject_id", "detail"].map(|key| record[key].clone()),
        [
            json!("INFO"),
            json!("user_creation"),
            json!("success"),
            made.json()["id"].clone(),
            json!("by=operator roles=admin,user"),
        ]
    );
    assert!(record.get("actor_id").is_none(), "an operator has no account: {record}");
    assert!(!made.stderr.contains("ada@example.com"), "{}", made.stderr);
}

/// What is logged while somebody who calls themselves `user_agent` fails to sign in.
fn log_of_failed_login(installation: &Installation, user_agent: &str) -> Finished {
    let serving = installation.serve();
    let answer = serving.post_with(
        "/api/v1/auth/login",
        &format!("User-Agent: {user_agent}\r\n"),
        &json!({"email": "nobody@example.com", "password": PASSWORD}),
    );
    assert_eq!(answer.status, 401, "{}", answer.body);
    serving.end("TERM")
}

/// Quotes, what looks like a record of its own, and what terminals and log readers take for line breaks.
const HOSTILE: &str =
    "a\" outcome=\"success\t2026-01-01 INFO audit: forged\u{2028}{\"target\":\"audit\"}\u{85}\u{202E}";

#[test]
fn a_failure_is_one_warning_whatever_the_client_calls_itself() {
    for user_agent in [HOSTILE, &"x".repeat(4_000)] {
        let finished = log_of_failed_login(&Installation::new(), user_agent);
        let failures: Vec<_> =
            finished.audit_records().into_iter().filter(|record| record["kind"] == "login").collect();
        let [record] = failures.try_into().expect("one record");
        assert_eq!(
            ["level", "outcome", "ip", "detail"].map(|key| record[key].clone()),
            [json!("WARN"), json!("failure"), json!("127.0.0.1"), json!("reason=unknown_account")]
        );
        let logged = record["user_agent"].as_str().expect("text");
        assert!(user_agent.starts_with(logged.split(' ').next().unwrap()), "{logged}");
        assert!(
            logged.chars().count() <= 512 && !logged.contains(['\u{2028}', '\u{202E}', '\t']),
            "{logged}"
        );
    }
}

#[test]
fn a_record_for_people_stays_on_one_line_too() {
    let installation = Installation::new().with("PORTCULLIS_LOG_FORMAT", "pretty");
    let finished = log_of_failed_login(&installation, HOSTILE);
    let lines: Vec<_> = finished.stderr.lines().filter(|line| line.contains("kind=\"login\"")).collect();
    let [line] = lines.try_into().expect("one record");
    assert!(
        line.contains("outcome=\"failure\"") && line.contains(r#"user_agent="a\" outcome=\"success"#),
        "{line}"
    );
    assert!(!finished.stderr.contains(['\u{2028}', '\u{85}', '\u{202E}']), "{}", finished.stderr);
}

#[test]
fn failures_alone_are_logged_where_only_warnings_are() {
    let installation = Installation::new().with("PORTCULLIS_LOG", "warn");
    assert_eq!(create(&installation, &["--email", "ada@example.com"], PASSWORD).stderr, "");
    assert!(
        log_of_failed_login(&installation, "curl")
            .audit_records()
            .iter()
            .all(|record| record["level"] == "WARN")
    );
    let audited = Installation::new().with("PORTCULLIS_LOG", "off,audit=info");
    assert_eq!(create(&audited, &["--email", "ada@example.com"], PASSWORD).audit_records().len(), 1);
}
