//! The journey of authyy: usernames beside addresses, refresh tokens as Bearer.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn a_username_and_an_address_are_both_unique_and_both_sign_in() {
    let server = Server::start().await;
    let register =
        |email: &str, username: &str| json!({ "email": email, "username": username, "password": PASSWORD });
    let path = "/api/v1/auth/register";
    let user = server.post(path, register("testuser@example.com", "TestUser")).await.json(201);
    assert_eq!(user["username"], "TestUser");
    server.post(path, register("other@example.com", "testuser")).await.problem(409, "username_taken");
    server.post(path, register("TESTUSER@example.com", "another")).await.problem(409, "email_taken");

    let mail = server.mail_to("testuser@example.com", 1).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
    let body = json!({ "username": "tESTuSER", "password": PASSWORD });
    let login = server.post("/api/v1/auth/login", body).await.json(200);
    assert_eq!(login["user"]["id"], user["id"]);

    let both = json!({ "username": "testuser", "email": "testuser@example.com", "password": PASSWORD });
    assert_eq!(server.post("/api/v1/auth/login", both).await.status, 422);
    let body = json!({ "username": "nobody", "password": PASSWORD });
    server.post("/api/v1/auth/login", body).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_refresh_token_may_be_sent_as_bearer() {
    let server = Server::start().await;
    let signed_in = server.signed_in("testuser@example.com").await;
    let request = server.request(Method::POST, "/api/v1/auth/refresh").bearer_auth(&signed_in.refresh_token);
    let tokens = server.send(request).await.json(200);
    let access_token = tokens["access_token"].as_str().expect("a token");
    server.get_as(access_token, "/api/v1/auth/me").await.json(200);
    let request = server.request(Method::POST, "/api/v1/auth/refresh").bearer_auth(access_token);
    server.send(request).await.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn the_password_policy_says_what_is_wrong() {
    let server = Server::start().await;
    let register = |password: &str| json!({ "email": "grace.hopper@example.com", "password": password });
    for (password, code) in [
        ("short", "too_short"),
        ("password123", "common_password"),
        ("grace.hopper1", "contains_identity"),
        (&"x".repeat(129), "too_long"),
    ] {
        server.post("/api/v1/auth/register", register(password)).await.invalid(&[("password", code)]);
    }
    server.post("/api/v1/auth/register", register(&"\u{1f511}x".repeat(64))).await.json(201);
}
