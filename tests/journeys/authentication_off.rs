//! `PORTCULLIS_AUTH_ENABLED=false`, for who develops something else.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, ServerBuilder, each, id};

#[tokio::test]
async fn where_authentication_is_off_every_call_acts_as_the_built_in_administrator() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_AUTH_ENABLED", "false").start().await;
    assert_eq!(server.get("/health").await.json(200)["auth_enabled"], false);
    let log = server.log_with("PORTCULLIS_AUTH_ENABLED").await;
    let warned = log.lines().any(|line| {
        line.contains("WARN")
            && line.contains("PORTCULLIS_AUTH_ENABLED")
            && line.contains("built-in administrator")
    });
    assert!(warned, "{log}");

    let me = server.get("/api/v1/auth/me").await.json(200);
    assert_eq!(me["roles"], json!(["admin", "user"]));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "email_verified": true });
    let ada = server.post("/api/v1/users", body).await.json(201);
    let listed = server.get_as("nonsense", "/api/v1/users").await.json(200);
    assert_eq!(listed["items"], json!([ada]), "whatever token is sent, and the built-in one has no account");
    let signed_in = server.login("ada@example.com", PASSWORD).await;
    assert_eq!(server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200), me);
    let path = format!("/api/v1/users/{}", id(&ada));
    server.send(server.request(Method::DELETE, &path)).await.empty(204);
    let told = server.get("/api/v1/audit-events").await.json(200);
    let told = told["items"].as_array().expect("items");
    assert_eq!(each(told, "kind"), ["user_deletion", "login", "user_creation", "signing_key_rotation"]);
    assert_eq!((&told[0]["actor_id"], &told[0]["subject_id"]), (&me["id"], &ada["id"]));
    let own = json!({ "password": PASSWORD });
    server.send(server.request(Method::DELETE, "/api/v1/auth/me").json(&own)).await.problem(404, "not_found");
}

#[tokio::test]
async fn pages_from_elsewhere_cannot_act_where_authentication_is_off() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_AUTH_ENABLED", "false").start().await;
    let call = |method, header: &'static str, value: &'static str| {
        server.send(server.request(method, "/api/v1/users").header(header, value))
    };
    call(Method::GET, "Origin", "http://localhost:3000").await.json(200);
    for (header, value) in [
        ("Host", "evil.example"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        for method in [Method::GET, Method::POST] {
            call(method, header, value).await.problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn authentication_is_off_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused = ServerBuilder::new()
            .with("PORTCULLIS_AUTH_ENABLED", "false")
            .with("PORTCULLIS_BIND", address)
            .with("PORTCULLIS_PUBLIC_URL", "https://accounts.example.com")
            .run(&["serve"], b"")
            .await;
        let told = refused.failure();
        assert!(told.contains("PORTCULLIS_AUTH_ENABLED") && told.contains("loopback"), "{told}");
    }
}
