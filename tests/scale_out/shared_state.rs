use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, ServerBuilder};

async fn two_instances() -> (Server, Server) {
    let builder =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_PUBLIC_URL", "http://accounts.test");
    let one = builder.start().await;
    let other = one.another().await;
    (one, other)
}

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_session_that_is_opened_on_one_is_good_and_ended_on_the_other() {
    let (one, other) = two_instances().await;
    let signed_in = one.signed_in("user@example.com").await;
    other.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
    let refreshed = other.refreshed(&signed_in).await;
    let logout = one.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&refreshed.access_token);
    one.send(logout).await.empty(204);
    assert!(other.has_ended(&refreshed).await);
}

#[tokio::test]
async fn wrong_passwords_and_codes_are_counted_together() {
    let (one, other) = two_instances().await;
    let email = "user@example.com";
    one.register_verified(email).await;
    for server in [&one, &other, &one, &other, &one] {
        server.post("/api/v1/auth/login", login(email, "wrong")).await.problem(401, "invalid_credentials");
    }
    for server in [&one, &other] {
        server.post("/api/v1/auth/login", login(email, PASSWORD)).await.problem(429, "account_locked");
    }
    let guess = json!({ "email": "nobody@example.com", "code": "000000" });
    for server in [&one, &other, &one, &other, &one] {
        server.post("/api/v1/auth/verify", guess.clone()).await.problem(400, "invalid_code");
    }
    for server in [&one, &other] {
        server.post("/api/v1/auth/verify", guess.clone()).await.problem(429, "too_many_attempts");
    }
}

#[tokio::test]
async fn keys_are_shared_and_the_first_is_made_once() {
    let builder =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_PUBLIC_URL", "http://accounts.test");
    let one = builder.start().await;
    let others = join_all((0..3).map(|_| one.another())).await;
    let mut key_sets = BTreeSet::from([one.get("/.well-known/jwks.json").await.json(200).to_string()]);
    for other in &others {
        key_sets.insert(other.get("/.well-known/jwks.json").await.json(200).to_string());
    }
    assert_eq!(key_sets.len(), 1, "{key_sets:?}");
}

#[tokio::test]
async fn instances_that_start_together_on_an_empty_database_migrate_it_once_and_all_serve() {
    let builder = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_PUBLIC_URL", "http://accounts.test")
        .with_empty_database()
        .await;
    let servers = join_all((0..3).map(|_| builder.clone().start())).await;
    servers[0].register_verified("user@example.com").await;
    let mut keys = BTreeSet::new();
    for server in &servers {
        let signed_in = server.login("user@example.com", PASSWORD).await;
        servers[0].get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
        keys.insert(server.get("/.well-known/jwks.json").await.json(200).to_string());
    }
    assert_eq!(keys.len(), 1, "one of them made the first key");
}

#[tokio::test]
async fn a_mail_is_delivered_by_one_of_them() {
    let (one, other) = two_instances().await;
    let register = |number: usize| login(&format!("user{number}@example.com"), PASSWORD);
    for number in 0..20 {
        let server = if number % 2 == 0 { &one } else { &other };
        server.post("/api/v1/auth/register", register(number)).await.json(201);
    }
    for number in 0..20 {
        one.mail_to(&format!("user{number}@example.com"), 1).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let mailbox = one.get("/dev/mailbox.json").await.json(200);
    assert_eq!(mailbox["items"].as_array().expect("items").len(), 20, "each mail was sent once");
}
