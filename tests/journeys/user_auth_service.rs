//! The journey of the User Authentication and Authorization Service, without its administration.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn names_in_parts_password_change_and_reset_with_confirmation() {
    let server = Server::start().await;
    let email = "jane@example.com";
    let body = json!({ "email": email, "password": PASSWORD, "first_name": "Jane", "last_name": "Doe" });
    let user = server.post("/api/v1/auth/register", body).await.json(201);
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Jane"), &json!("Doe")));
    let mail = server.mail_to(email, 1).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);

    let (here, elsewhere) = (server.login(email, PASSWORD).await, server.login(email, PASSWORD).await);
    let me = server.get_as(&here.access_token, "/api/v1/users/me").await.json(200);
    assert_eq!(me["first_name"], "Jane");
    let body = json!({ "first_name": "Janet", "last_name": null });
    let me = server.call_as(&here.access_token, Method::PUT, "/api/v1/users/me", body).await.json(200);
    assert_eq!((&me["first_name"], &me["last_name"]), (&json!("Janet"), &json!(null)));

    let path = "/api/v1/auth/password-change";
    let change =
        |current: &str| json!({ "current_password": current, "new_password": "NewStrongPassword123" });
    server.post_as(&here.access_token, path, change("WrongPassword1")).await.problem(403, "wrong_password");
    server.post_as(&here.access_token, path, change(PASSWORD)).await.json(200);
    assert!(!server.has_ended(&here).await);
    assert!(server.has_ended(&elsewhere).await);

    let token = server.reset_token(email, 1).await;
    let confirm = |confirmation: &str| json!({ "token": token, "new_password": "newStrongPassword456", "password_confirm": confirmation });
    let path = "/api/v1/auth/password-reset/confirm";
    server.post(path, confirm("somethingElse456")).await.invalid(&[("password_confirm", "mismatch")]);
    server.post(path, confirm("newStrongPassword456")).await.json(200);
    server.login(email, "newStrongPassword456").await;
}

#[tokio::test]
async fn health_is_told_to_everybody() {
    let server = Server::start().await;
    let health = server.get("/health").await.json(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["auth_enabled"], true);
    assert!(health["version"].is_string());
    server.get("/health/live").await.json(200);
    server.get("/health/ready").await.json(200);
}
