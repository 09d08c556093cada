use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, PASSWORD, Service};

const LOGIN: &str = "/api/v1/auth/login";

#[tokio::test]
async fn a_login_answers_with_tokens_and_the_user() {
    let service = Service::start();
    service.verified(ADA).await;
    assert_json_snapshot!(service.login(ADA, PASSWORD).await.snapshot());
}

#[tokio::test]
async fn an_account_is_named_by_address_or_username() {
    let service = Service::start();
    let body = json!({"email": ADA, "password": PASSWORD, "username": "Countess"});
    service.post("/api/v1/auth/register", body).await;
    let token = service.mailed_token(ADA).await;
    service.get(&format!("/api/v1/auth/verify-email/{token}")).await;
    for body in [
        json!({"email": " ADA@EXAMPLE.COM", "password": PASSWORD}),
        json!({"username": "countess", "password": PASSWORD}),
        json!({"username": "countess", "email": null, "password": PASSWORD}),
    ] {
        assert_eq!(service.post(LOGIN, body.clone()).await.status, 200, "{body}");
    }
}

#[tokio::test]
async fn unknown_malformed_and_wrong_are_alike() {
    let service = Service::start();
    service.verified(ADA).await;
    let too_long = "x".repeat(129);
    let mut answers = Vec::new();
    for body in [
        json!({"email": ADA, "password": "wrong horse battery"}),
        json!({"email": ADA, "password": too_long}),
        json!({"email": ADA, "password": ""}),
        json!({"email": "nobody@example.com", "password": PASSWORD}),
        json!({"email": "not an address", "password": PASSWORD}),
        json!({"email": "", "password": PASSWORD}),
        json!({"username": "nobody", "password": PASSWORD}),
        json!({"username": "!", "password": PASSWORD}),
    ] {
        let mut answer = service.post(LOGIN, body).await.snapshot();
        answer["body"]["instance"] = json!("an id");
        answers.push(answer);
    }
    assert_eq!(answers[0]["body"]["code"], "invalid_credentials");
    assert_eq!(answers[0]["headers"]["www-authenticate"], "Bearer");
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn both_names_or_none_are_a_mistake() {
    let service = Service::start();
    let both = json!({"email": ADA, "username": "countess", "password": PASSWORD});
    assert_eq!(service.post(LOGIN, both).await.faults(), "username invalid");
    assert_eq!(service.post(LOGIN, json!({"password": PASSWORD})).await.faults(), "email required");
    assert_eq!(service.post(LOGIN, json!({})).await.faults(), "password required, email required");
    let wrong_types = json!({"email": [ADA], "username": 1, "password": {}});
    assert_eq!(
        service.post(LOGIN, wrong_types).await.faults(),
        "email invalid, username invalid, password invalid"
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_told_to_who_knows_its_password() {
    let service = Service::start();
    service.post("/api/v1/auth/register", json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(service.login(ADA, "wrong horse battery").await.problem(), "401 invalid_credentials");
    assert_eq!(service.login(ADA, PASSWORD).await.problem(), "403 email_not_verified");

    let bob = service.signed_in("bob@example.com").await;
    service.disable(&bob.user_id).await;
    assert_eq!(
        service.login("bob@example.com", "wrong horse battery").await.problem(),
        "401 invalid_credentials"
    );
    assert_eq!(service.login("bob@example.com", PASSWORD).await.problem(), "403 account_disabled");
}

#[tokio::test]
async fn wrong_passwords_lock_accounts_and_unknown_names_alike() {
    let service = Service::start();
    service.verified(ADA).await;
    for address in [ADA, "nobody@example.com", "not an address"] {
        for _ in 0..5 {
            assert_eq!(
                service.login(address, "wrong horse battery").await.problem(),
                "401 invalid_credentials"
            );
        }
        let locked = service.login(address, PASSWORD).await;
        assert_eq!(locked.problem(), "429 account_locked");
        assert_eq!(locked.header("retry-after"), Some("900"));
    }
    service.clock.advance(std::time::Duration::from_millis(899_500));
    assert_eq!(service.login(ADA, PASSWORD).await.header("retry-after"), Some("1"));
    service.clock.advance(std::time::Duration::from_millis(500));
    assert_eq!(service.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_busy_hasher_says_when_to_come_again() {
    let service = Service::start();
    service.verified(ADA).await;
    service.hasher.set_overloaded(true);
    let reply = service.login(ADA, PASSWORD).await;
    assert_eq!(reply.problem(), "503 overloaded");
    assert_eq!(reply.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn a_session_remembers_where_it_was_opened() {
    let service = Service::start();
    service.verified(ADA).await;
    let request = service
        .request(Method::POST, LOGIN)
        .header("User-Agent", "Browser\u{9}of\u{9}Ada")
        .header("X-Forwarded-For", "203.0.113.7")
        .header("Forwarded", "for=203.0.113.7")
        .json(&json!({"email": ADA, "password": PASSWORD}));
    let token = service.send(request).await.json()["access_token"].as_str().unwrap().to_owned();
    let session = &service.get_as(&token, "/api/v1/auth/sessions").await.json()["items"][0];
    assert_eq!(session["ip"], "127.0.0.1", "nobody's word is taken for where they are");
    assert_eq!(session["user_agent"], "Browser of Ada");
}
