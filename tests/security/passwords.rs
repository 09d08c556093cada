//! Passwords are read whole or not at all (S40, S44).

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, PATIENCE, Server, ServerBuilder};

#[tokio::test]
async fn s44_a_huge_password_is_refused_at_once() {
    let server = Server::start().await;
    let before = Instant::now();
    for path in ["/api/v1/auth/register", "/api/v1/auth/login"] {
        let body = json!({ "email": "user@example.com", "password": "x".repeat(1 << 20) });
        server.post(path, body).await.problem(413, "payload_too_large");
        let body = json!({ "email": "user@example.com", "password": "x".repeat(60_000) });
        let answer = server.post(path, body).await;
        assert!(matches!(answer.status, 401 | 422), "{}", answer.text);
    }
    assert!(before.elapsed() < PATIENCE);
}

#[tokio::test]
async fn s44_passwords_that_differ_only_after_72_octets_differ() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let email = "user@example.com";
    let (right, wrong) = (format!("{}-right..", "x".repeat(72)), format!("{}-wrong..", "x".repeat(72)));
    server.post("/api/v1/auth/register", json!({ "email": email, "password": right })).await.json(201);
    let token = server.mail_to(email, 1).await.token().to_owned();
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
    let login = |password: &str| json!({ "email": email, "password": password });
    server.post("/api/v1/auth/login", login(&wrong)).await.problem(401, "invalid_credentials");
    server.login(email, &right).await;
}

#[tokio::test]
async fn s44_composed_and_decomposed_spellings_are_one_password() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let email = "user@example.com";
    let body = json!({ "email": email, "password": "caf\u{e9} cr\u{e8}me" });
    server.post("/api/v1/auth/register", body).await.json(201);
    let token = server.mail_to(email, 1).await.token().to_owned();
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
    server.login(email, "cafe\u{301} cre\u{300}me").await;
}

#[tokio::test]
async fn s40_every_check_of_a_password_counts_against_one_lockout() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let email = "user@example.com";
    let signed_in = server.signed_in(email).await;
    let token = &signed_in.access_token;
    let wrong = "NotMyPassword1";
    let change = json!({ "current_password": wrong, "new_password": "NewSecurePass456!" });
    server.post_as(token, "/api/v1/auth/password-change", change).await.problem(403, "wrong_password");
    let delete = json!({ "password": wrong });
    server.call_as(token, Method::DELETE, "/api/v1/auth/me", delete).await.problem(403, "wrong_password");
    let email_change = json!({ "new_email": "new@example.com", "password": wrong });
    server.post_as(token, "/api/v1/auth/email-change", email_change).await.problem(403, "wrong_password");
    let login = |password: &str| json!({ "email": email, "password": password });
    for _ in 0..2 {
        server.post("/api/v1/auth/login", login(wrong)).await.problem(401, "invalid_credentials");
    }
    server.post("/api/v1/auth/login", login(PASSWORD)).await.problem(429, "account_locked");
    let delete = json!({ "password": PASSWORD });
    server.call_as(token, Method::DELETE, "/api/v1/auth/me", delete).await.problem(429, "account_locked");
    assert!(!server.has_ended(&signed_in).await);
}

#[tokio::test]
async fn s41_a_lockout_ends_by_itself() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_LOCKOUT_THRESHOLD", "2")
        .with("PORTCULLIS_LOCKOUT_DURATION", "12s")
        .start()
        .await;
    let email = "user@example.com";
    server.register_verified(email).await;
    let login = |password: &str| json!({ "email": email, "password": password });
    for _ in 0..2 {
        server.post("/api/v1/auth/login", login("wrong")).await.problem(401, "invalid_credentials");
    }
    let locked = server.post("/api/v1/auth/login", login(PASSWORD)).await.problem(429, "account_locked");
    let seconds = locked["retry_after"].as_u64().expect("seconds");
    assert!((1..=12).contains(&seconds), "{seconds}");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    server.login(email, PASSWORD).await;
}

#[tokio::test]
async fn passwords_that_have_leaked_are_refused_where_there_is_a_list() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("pwned-passwords.txt");
    // The SHA-1 of "a leaked password" among others.
    let list = "0000000A0E3B9F25FF41DE4B5AC238C2D545C7A8:15\r\n\
                2A48EF63E8E77954E164178EB6F9B80FAA68F0F5:3\r\n\
                FFFFFFFEE791CBAC0F6305CAF0CEE06BBE131160:2\r\n";
    std::fs::write(&file, list).expect("it can be written");
    let file = file.to_str().expect("text");
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_BREACHED_PASSWORDS", file).start().await;
    let register = |password: &str| json!({ "email": "user@example.com", "password": password });
    let path = "/api/v1/auth/register";
    let refused = server.post(path, register("a leaked password")).await;
    refused.invalid(&[("password", "common_password")]);
    assert!(refused.text.contains("breaches"), "{}", refused.text);
    server.post(path, register("another password")).await.json(201);

    std::fs::write(file, "password:1\n").expect("it can be written");
    let create = ["user", "create", "--email", "a@example.com", "--password-stdin"];
    for arguments in [&["config", "check"][..], &create] {
        let refused = server.builder.run(arguments, b"x").await;
        assert!(refused.failure().contains("PORTCULLIS_BREACHED_PASSWORDS"), "{refused:?}");
    }
}
