use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

async fn private_server() -> Server {
    ServerBuilder::new().with("PORTCULLIS_REGISTRATION", "private").start().await
}

#[tokio::test]
async fn a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told() {
    let server = private_server().await;
    let register = |email: &str| json!({ "email": email, "password": PASSWORD });
    let first = server.post("/api/v1/auth/register", register("owner@example.com")).await;
    let token = server.mail_to("owner@example.com", 1).await.token().to_owned();
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);

    let second = server.post("/api/v1/auth/register", register("Owner@Example.com")).await;
    assert_eq!(first.json(202), second.json(202));
    assert!(first.header("location").is_none() && second.header("location").is_none());
    let notice = server.mail_to("owner@example.com", 2).await;
    assert!(notice.links.iter().all(|link| !link.contains("token=")), "{notice:?}");
    server.login("owner@example.com", PASSWORD).await;
}

#[tokio::test]
async fn of_two_who_claim_an_address_the_one_who_reads_its_mails_wins() {
    let server = private_server().await;
    let register = |password: &str| json!({ "email": "victim@example.com", "password": password });
    server.post("/api/v1/auth/register", register("FirstPassword1!")).await.json(202);
    let first = server.mail_to("victim@example.com", 1).await;
    server.post("/api/v1/auth/register", register("StrangersPass2!")).await.json(202);
    let second = server.mail_to("victim@example.com", 2).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", first.token())).await.problem(400, "invalid_token");
    for nobodys in ["FirstPassword1!", "StrangersPass2!"] {
        server.post("/api/v1/auth/login", register(nobodys)).await.problem(401, "invalid_credentials");
    }
    let password = json!({ "token": second.token(), "new_password": "OwnersPassword3!" });
    server.post("/api/v1/auth/password-reset/confirm", password).await.json(200);
    for nobodys in ["FirstPassword1!", "StrangersPass2!"] {
        server.post("/api/v1/auth/login", register(nobodys)).await.problem(401, "invalid_credentials");
    }
    server.login("victim@example.com", "OwnersPassword3!").await;
}

#[tokio::test]
async fn closed_registration_is_said_to_be_closed() {
    let server = ServerBuilder::new().with("PORTCULLIS_REGISTRATION", "closed").start().await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.problem(403, "registration_closed");
}
