//! The journey of `user_registration`: verification by a one-time code.

use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn a_code_verifies_once() {
    let server = Server::start().await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let mail = server.mail_to(email, 1).await;
    assert!(mail.text.contains(mail.code()) && mail.html.contains(mail.code()));
    let verify = json!({ "email": email, "code": mail.code() });
    let verified = server.post("/api/v1/auth/verify", verify.clone()).await.json(200);
    assert_eq!(verified["user"]["email_verified"], true);
    server.post("/api/v1/auth/verify", verify).await.problem(400, "invalid_code");

    let signed_in = server.login(email, PASSWORD).await;
    let refreshed = server.refreshed(&signed_in).await;
    server.get_as(&refreshed.access_token, "/api/v1/users/me").await.json(200);
    server.post_as(&refreshed.access_token, "/api/v1/auth/logout-all", json!({})).await.empty(204);
    assert!(server.has_ended(&refreshed).await);
}

#[tokio::test]
async fn a_new_mail_ends_the_older_link_and_code() {
    let server = Server::start().await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let first = server.mail_to(email, 1).await;
    server.post("/api/v1/auth/verify/resend", json!({ "email": email })).await.json(202);
    let second = server.mail_to(email, 2).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", first.token())).await.problem(400, "invalid_token");
    if first.code() != second.code() {
        let old = json!({ "email": email, "code": first.code() });
        server.post("/api/v1/auth/verify", old).await.problem(400, "invalid_code");
    }
    let new = json!({ "email": email, "code": second.code() });
    server.post("/api/v1/auth/verify", new).await.json(200);
}

#[tokio::test]
async fn mails_come_in_the_language_of_the_registration() {
    let server = Server::start().await;
    let email = "erika@example.com";
    let request = server
        .request(reqwest::Method::POST, "/api/v1/auth/register")
        .header("accept-language", "fr;q=0.3, de-AT, en;q=0.5")
        .json(&json!({ "email": email, "password": PASSWORD }));
    server.send(request).await.json(201);
    let german = server.mail_to(email, 1).await;
    server.post("/api/v1/auth/verify/resend", json!({ "email": email })).await.json(202);
    let still_german = server.mail_to(email, 2).await;
    assert_eq!(german.subject, still_german.subject);
    assert!(german.text.contains("Code"), "{}", german.text);
    let body = json!({ "email": "erica@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.json(201);
    assert_ne!(server.mail_to("erica@example.com", 1).await.subject, german.subject);
}
