//! The guide of the Dashtam JWT authentication API, call by call.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn the_guide_from_registration_to_logout() {
    let server = Server::start().await;
    let email = "user@example.com";

    let registered = server
        .post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD, "name": "John Doe" }))
        .await;
    let user = registered.json(201);
    assert_eq!(user["email"], email);
    assert_eq!(user["name"], "John Doe");
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["is_active"], true);
    assert_eq!(user["roles"], json!(["user"]));
    assert!(user["message"].is_string() && user["created_at"].is_string());
    assert!(user.get("access_token").is_none(), "no tokens before the address is verified");
    let location = format!("/api/v1/users/{}", user["id"].as_str().expect("an id"));
    assert_eq!(registered.header("location"), Some(location.as_str()));

    let credentials = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/login", credentials.clone()).await.problem(403, "email_not_verified");

    let mail = server.mail_to(email, 1).await;
    let verified = server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
    assert!(verified["message"].is_string());
    assert_eq!(verified["user"]["email_verified"], true);

    let login = server.post("/api/v1/auth/login", credentials).await;
    assert_eq!(login.header("cache-control"), Some("no-store"));
    let login = login.json(200);
    assert_eq!(login["token_type"], "bearer");
    assert_eq!(login["expires_in"], 1800);
    assert_eq!(login["refresh_expires_in"], 30 * 24 * 3600);
    assert_eq!(login["user"]["id"], user["id"]);
    assert!(login["user"]["last_login_at"].is_string());
    let access_token = login["access_token"].as_str().expect("a token");
    let refresh_token = login["refresh_token"].as_str().expect("a token");

    let me = server.get_as(access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["email"], email);
    let renamed = server
        .call_as(access_token, Method::PATCH, "/api/v1/auth/me", json!({ "name": "John Q. Doe" }))
        .await
        .json(200);
    assert_eq!(renamed["name"], "John Q. Doe");
    assert!(renamed["updated_at"].is_string());

    let refreshed = server.refresh(refresh_token).await.json(200);
    assert_ne!(refreshed["refresh_token"], refresh_token);
    let access_token = refreshed["access_token"].as_str().expect("a token");

    let request = json!({ "email": email });
    server.post("/api/v1/auth/password-reset/request", request).await.json(200);
    let reset = server.mail_to(email, 2).await;
    let confirm = json!({ "token": reset.token(), "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);
    server.get_as(access_token, "/api/v1/auth/me").await.problem(401, "invalid_access_token");
    server
        .refresh(refreshed["refresh_token"].as_str().expect("a token"))
        .await
        .problem(401, "invalid_refresh_token");
    server
        .post("/api/v1/auth/login", json!({ "email": email, "password": PASSWORD }))
        .await
        .problem(401, "invalid_credentials");

    let signed_in = server.login(email, "NewSecurePass456!").await;
    server
        .post_as(
            &signed_in.access_token,
            "/api/v1/auth/logout",
            json!({ "refresh_token": signed_in.refresh_token }),
        )
        .await
        .empty(204);
    assert!(server.has_ended(&signed_in).await);
}

#[tokio::test]
async fn a_reset_request_answers_alike_for_every_address() {
    let server = Server::start().await;
    server.register_verified("known@example.com").await;
    let path = "/api/v1/auth/password-reset/request";
    let known = server.post(path, json!({ "email": "known@example.com" })).await;
    let unknown = server.post(path, json!({ "email": "unknown@example.com" })).await;
    assert_eq!(known.json(200), unknown.json(200));
    server.mail_to("known@example.com", 2).await;
    assert!(server.mails_to("unknown@example.com").await.is_empty());
}

#[tokio::test]
async fn a_refused_token_is_answered_as_rfc_6750_says() {
    let server = Server::start().await;
    let nothing_sent = server.get("/api/v1/auth/me").await;
    nothing_sent.problem(401, "unauthenticated");
    assert_eq!(nothing_sent.header("www-authenticate"), Some("Bearer"));
    let refused = server.get_as("nonsense", "/api/v1/auth/me").await;
    refused.problem(401, "invalid_access_token");
    assert!(
        refused.header("www-authenticate").is_some_and(|value| value.contains("error=\"invalid_token\""))
    );
}
