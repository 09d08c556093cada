//! Nothing to steal (S25, S26).

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, ServerBuilder};

#[tokio::test]
async fn s25_neither_the_store_nor_the_log_holds_a_secret_in_the_clear() {
    let server = ServerBuilder::new().with("PORTCULLIS_LOG", "debug").start().await;
    let email = "user@example.com";
    let signed_in = server.signed_in(email).await;
    let refreshed = server.refreshed(&signed_in).await;
    let verification = server.mail_to(email, 1).await;
    let reset = server.reset_token(email, 1).await;
    let body = json!({ "token": reset, "new_password": "x" });
    server.post("/api/v1/auth/password-reset/confirm", body).await.invalid(&[("new_password", "too_short")]);
    let body = format!("{{\"password\":\"{PASSWORD}\"");
    let request = server
        .request(Method::POST, "/api/v1/auth/login")
        .header("content-type", "application/json")
        .body(body);
    server.send(request).await.problem(400, "malformed_body");

    let secrets = [
        PASSWORD,
        &signed_in.access_token,
        &signed_in.refresh_token,
        &refreshed.refresh_token,
        verification.token(),
        &reset,
    ];
    let admin = server.administrator("root@example.com").await;
    let told = server.events(&admin, &format!("user_id={}", signed_in.user_id)).await;
    assert!(told.len() >= 3, "the audit trail tells of all this: {told:?}");
    for event in &told {
        let said = format!("{} {}", event["detail"], event["user_agent"]);
        for secret in secrets.into_iter().chain([verification.code(), email]) {
            assert!(!said.contains(secret), "the audit trail holds {secret}: {event}");
        }
    }
    let log = server.log_with("/api/v1/audit-events").await;
    for secret in secrets {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    assert!(!log.contains(verification.code()), "the log holds the code");
    let mut stored = server.stored_files();
    // The mails that would have been sent are there to be read.
    stored.retain(|(path, _)| path.components().all(|part| part.as_os_str() != "mailbox"));
    stored.push(("the database".into(), server.stored_rows().await.into_bytes()));
    let holds = |octets: &[u8], text: &str| octets.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(stored.iter().any(|(_, octets)| holds(octets, email)), "the database is among what is searched");
    for (place, octets) in &stored {
        for secret in secrets.into_iter().chain(["PRIVATE KEY", "\"d\":"]) {
            assert!(!holds(octets, secret), "{} holds {secret}", place.display());
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_is_for_the_service_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = ServerBuilder::new().start().await;
    server.register_verified("user@example.com").await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&server.data_dir()), 0o700);
    for (path, _) in server.stored_files() {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn s26_a_log_record_stays_one_record_whatever_the_user_agent_holds() {
    let server = ServerBuilder::new()
        .with("PORTCULLIS_LOG_FORMAT", "json")
        .with("PORTCULLIS_LOG", "debug")
        .start()
        .await;
    let request = server
        .request(Method::POST, "/api/v1/auth/login")
        .header("user-agent", "x\u{85}{\"level\":\"FORGED\"}\u{2028}")
        .json(&json!({ "email": "user@example.com\n{\"level\":\"FORGED\"}", "password": PASSWORD }));
    server.send(request).await.problem(401, "invalid_credentials");
    // The request's own record is the last one.
    let log = server.log_with("/api/v1/auth/login").await;
    let mut told = 0;
    for line in log.lines() {
        let record: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(record["level"], "FORGED");
        told += usize::from(record["target"] == "audit" && record["kind"] == "login");
    }
    assert_eq!(told, 1, "{log}");
    assert!(!log.contains(['\u{85}', '\u{2028}']), "{log}");
    let admin = server.administrator("root@example.com").await;
    let failures = server.events(&admin, "kind=login").await;
    let user_agent = failures[1]["user_agent"].as_str().expect("it is kept");
    assert!(user_agent.contains("FORGED") && !user_agent.contains(['\u{85}', '\u{2028}']), "{user_agent:?}");
}
