use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

#[tokio::test]
async fn an_address_changes_when_its_new_owner_confirms() {
    let server = Server::start().await;
    let (old, new) = ("old@example.com", "new@example.com");
    let here = server.signed_in(old).await;
    let elsewhere = server.login(old, PASSWORD).await;
    let path = "/api/v1/auth/email-change";
    let wrong = json!({ "new_email": new, "password": "NotMyPassword1" });
    server.post_as(&here.access_token, path, wrong).await.problem(403, "wrong_password");
    let right = json!({ "new_email": new, "password": PASSWORD });
    server.post_as(&here.access_token, path, right).await.json(202);

    let me = server.get_as(&here.access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["email"], old, "nothing changes before the confirmation");
    server.mail_to(old, 2).await;
    let token = json!({ "token": server.mail_to(new, 1).await.token() });
    let confirm = "/api/v1/auth/email-change/confirm";
    let changed = server.post(confirm, token.clone()).await.json(200);
    assert_eq!(changed["user"]["email"], new);
    assert_eq!(changed["user"]["email_verified"], true);
    server.post(confirm, token).await.problem(400, "invalid_token");

    assert!(!server.has_ended(&here).await);
    assert!(server.has_ended(&elsewhere).await);
    server.login(new, PASSWORD).await;
    let old_login = json!({ "email": old, "password": PASSWORD });
    server.post("/api/v1/auth/login", old_login).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_taken_address_is_refused_at_once_and_at_the_confirmation() {
    let server = Server::start().await;
    let mover = server.signed_in("mover@example.com").await;
    server.register_verified("taken@example.com").await;
    let path = "/api/v1/auth/email-change";
    let change = |new: &str| json!({ "new_email": new, "password": PASSWORD });
    server.post_as(&mover.access_token, path, change("Taken@Example.com")).await.problem(409, "email_taken");

    server.post_as(&mover.access_token, path, change("free@example.com")).await.json(202);
    let token = server.mail_to("free@example.com", 1).await.token().to_owned();
    server
        .post("/api/v1/auth/register", json!({ "email": "free@example.com", "password": PASSWORD }))
        .await
        .json(201);
    server
        .post("/api/v1/auth/email-change/confirm", json!({ "token": token }))
        .await
        .problem(409, "email_taken");
}

#[tokio::test]
async fn where_registration_is_private_a_taken_address_is_told_to_its_owner_only() {
    let server = ServerBuilder::new().with("PORTCULLIS_REGISTRATION", "private").start().await;
    for email in ["mover@example.com", "owner@example.com"] {
        let body = json!({ "email": email, "password": PASSWORD });
        server.post("/api/v1/auth/register", body).await.json(202);
        let token = server.mail_to(email, 1).await.token().to_owned();
        server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
    }
    let mover = server.login("mover@example.com", PASSWORD).await;
    let path = "/api/v1/auth/email-change";
    let change = |new: &str| json!({ "new_email": new, "password": PASSWORD });
    let taken = server.post_as(&mover.access_token, path, change("owner@example.com")).await.json(202);
    let free = server.post_as(&mover.access_token, path, change("free@example.com")).await.json(202);
    assert_eq!(taken, free);
    let notice = server.mail_to("owner@example.com", 2).await;
    assert!(notice.links.iter().all(|link| !link.contains("token=")), "{notice:?}");
}
