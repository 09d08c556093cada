//! The journey of `ReViewPoint`'s `api/v1/auth`: registration answers with a token.

use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

async fn server_without_required_verification() -> Server {
    ServerBuilder::new().with("PORTCULLIS_EMAIL_VERIFICATION", "optional").start().await
}

#[tokio::test]
async fn registration_signs_in_at_once() {
    let server = server_without_required_verification().await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD, "name": "Test User" });
    let registered = server.post("/api/v1/auth/register", body).await.json(201);
    assert_eq!(registered["email"], "user@example.com");
    assert_eq!(registered["token_type"], "bearer");
    assert_eq!(registered["expires_in"], 1800);
    let access_token = registered["access_token"].as_str().expect("a token");
    let me = server.get_as(access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["id"], registered["id"]);
    assert_eq!(me["email_verified"], false);

    let refreshed = server.refresh(registered["refresh_token"].as_str().expect("a token")).await.json(200);
    let access_token = refreshed["access_token"].as_str().expect("a token");
    let signed_in = server.login("user@example.com", PASSWORD).await;
    let logout = server.request(reqwest::Method::POST, "/api/v1/auth/logout").bearer_auth(access_token);
    server.send(logout).await.empty(204);
    server.get_as(access_token, "/api/v1/auth/me").await.problem(401, "invalid_access_token");
    server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
}

#[tokio::test]
async fn a_reset_token_is_shown_in_development_and_works_once() {
    let server = server_without_required_verification().await;
    server.register_verified("user@example.com").await;
    let token = server.reset_token("user@example.com", 1).await;
    let confirm = |password: &str| json!({ "token": token, "new_password": password });
    let path = "/api/v1/auth/password-reset/confirm";
    server.post(path, confirm("short")).await.invalid(&[("new_password", "too_short")]);
    server.post(path, confirm("NewStrongPassword123")).await.json(200);
    server.post(path, confirm("AnotherPassword789")).await.problem(400, "invalid_token");
    server.login("user@example.com", "NewStrongPassword123").await;
}

#[tokio::test]
async fn the_address_can_still_be_verified_and_the_session_lives_on() {
    let server = server_without_required_verification().await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    let registered = server.post("/api/v1/auth/register", body).await.json(201);
    let mail = server.mail_to("user@example.com", 1).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
    let access_token = registered["access_token"].as_str().expect("a token");
    let me = server.get_as(access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["email_verified"], true);
}
