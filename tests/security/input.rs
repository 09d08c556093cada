//! Input that no honest client sends is answered with a problem, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Server, ServerBuilder};

const REGISTER: &str = "/api/v1/auth/register";

async fn post_text(server: &Server, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.request(Method::POST, REGISTER).body(body);
    let request = match content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    };
    server.send(request).await
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let server = Server::start().await;
    let json = Some("application/json");
    for body in [
        "",
        "{",
        "nonsense",
        "{\"email\":}",
        "{\"email\":\"a@example.com\"} trailing",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":\"a\",\"email\":\"b\"}",
        "{\"email\":\"a\",\"extra\":{\"x\":1,\"x\":2}}",
        "{\"email\":\"a\",\"em\\u0061il\":\"b\"}",
        "{\"email\":\"a\u{1}b\"}",
    ] {
        post_text(&server, json, body).await.problem(400, "malformed_body");
    }
    post_text(&server, json, vec![0x7b, 0xff, 0xfe, 0x7d]).await.problem(400, "malformed_body");
    post_text(&server, json, "[".repeat(50_000)).await.problem(400, "malformed_body");
}

#[tokio::test]
async fn json_of_the_wrong_shape_says_which_fields() {
    let server = Server::start().await;
    for body in [json!([]), json!("text"), json!(null), json!(7)] {
        assert_eq!(server.post(REGISTER, body).await.problem(422, "validation_failed")["status"], 422);
    }
    server.post(REGISTER, json!({})).await.invalid(&[("email", "required"), ("password", "required")]);
    let body = json!({
        "email": 1, "password": ["SecurePass123!"], "name": {}, "username": "a", "first_name": " ",
        "last_name": "x".repeat(256),
    });
    server.post(REGISTER, body).await.invalid(&[
        ("email", "invalid"),
        ("password", "invalid"),
        ("name", "invalid"),
        ("username", "too_short"),
        ("first_name", "too_short"),
        ("last_name", "too_long"),
    ]);
    for name in ["a\u{0}b", "a\nb", "\u{202e}nimda", "a\u{7f}"] {
        let body = json!({ "email": "user@example.com", "password": PASSWORD, "name": name });
        server.post(REGISTER, body).await.invalid(&[("name", "invalid")]);
    }
}

#[tokio::test]
async fn s51_fields_that_are_not_the_users_to_set_are_inert() {
    let server = Server::start().await;
    let body = json!({
        "email": "user@example.com", "password": PASSWORD, "id": "00000000-0000-7000-8000-000000000009",
        "roles": ["admin"], "permissions": ["users:read"], "email_verified": true, "is_active": false,
        "is_admin": true, "created_at": "1999-01-01T00:00:00Z",
    });
    let user = server.post(REGISTER, body.clone()).await.json(201);
    let check = |user: &Value| {
        assert_ne!(user["id"], body["id"]);
        assert_eq!(user["roles"], json!(["user"]));
        assert_eq!(user["is_active"], true);
        assert_ne!(user["created_at"], body["created_at"]);
    };
    check(&user);
    assert_eq!(user["email_verified"], false);
    let token = server.mail_to("user@example.com", 1).await.token().to_owned();
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
    let signed_in = server.login("user@example.com", PASSWORD).await;
    let me = server.call_as(&signed_in.access_token, Method::PATCH, "/api/v1/auth/me", body.clone()).await;
    check(&me.json(200));
    assert_eq!(me.json(200)["email"], "user@example.com");
}

#[tokio::test]
async fn s51_fields_that_are_not_an_administrators_to_set_are_inert() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("root@example.com").await;
    let clerk = server.holding(&admin, "clerk@example.com", &["users:read", "users:write"]).await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    let user = server.post("/api/v1/auth/register", body).await.json(201);
    let path = format!("/api/v1/users/{}", user["id"].as_str().expect("an id"));
    let inert = json!({
        "id": admin.user_id, "roles": ["admin"], "permissions": ["users:delete"], "email_verified": true,
        "password": "NewSecurePass456!", "password_hash": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA",
        "created_at": "1999-01-01T00:00:00Z", "last_login_at": "1999-01-01T00:00:00Z", "is_admin": true,
    });
    for method in [Method::PATCH, Method::PUT] {
        let after = server.call_as(&clerk.access_token, method, &path, inert.clone()).await.json(200);
        for member in ["id", "email", "email_verified", "roles", "created_at", "last_login_at", "is_active"] {
            assert_eq!(after[member], user[member], "{member}");
        }
    }
    let login = json!({ "email": "user@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/login", login).await.problem(403, "email_not_verified");

    let mut made = inert.clone();
    made["email"] = json!("made@example.com");
    made["roles"] = json!([]);
    let made = server.post_as(&clerk.access_token, "/api/v1/users", made).await.json(201);
    assert_ne!(made["id"], inert["id"]);
    assert_ne!(made["created_at"], inert["created_at"]);
    assert_eq!((&made["roles"], &made["last_login_at"]), (&json!(["user"]), &json!(null)));

    let role = json!({ "name": "analyst", "id": admin.user_id, "built_in": true, "permissions": [] });
    let role = server.post_as(&admin.access_token, "/api/v1/roles", role).await.json(201);
    assert_eq!(role["built_in"], false);
    assert_ne!(role["id"], admin.user_id);
}

#[tokio::test]
async fn content_types_and_sizes_are_checked() {
    let server = Server::start().await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD }).to_string();
    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
    {
        post_text(&server, content_type, body.clone()).await.problem(415, "unsupported_media_type");
    }
    let padded = format!("{body}{}", " ".repeat(65_536));
    post_text(&server, Some("application/json"), padded).await.problem(413, "payload_too_large");
    let largest = format!("{body}{}", " ".repeat(65_536 - body.len()));
    post_text(&server, Some("Application/JSON; charset=utf-8"), largest).await.json(201);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let server = Server::start().await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/auth",
        "/api/v1/auth/nonsense",
        "/api/v1/auth/login/",
        "/%00",
        "/api/v1/auth/..%2f",
        "/dev/mailbox/nonsense",
    ] {
        server.get(path).await.problem(404, "not_found");
    }
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::DELETE, REGISTER, "POST"),
        (Method::POST, "/health", "GET"),
        (Method::PUT, "/.well-known/jwks.json", "GET"),
        (Method::POST, "/api/v1/auth/me", "PATCH"),
    ] {
        let answer = server.send(server.request(method, path)).await;
        answer.problem(405, "method_not_allowed");
        let allow = answer.header("allow").expect("405 says what is allowed");
        assert!(allow.split(", ").any(|method| method == allowed), "{path}: {allow}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_hears_that_before_what_is_wrong_with_the_body() {
    let server = Server::start().await;
    for (method, path) in [
        (Method::PATCH, "/api/v1/auth/me"),
        (Method::DELETE, "/api/v1/auth/me"),
        (Method::POST, "/api/v1/auth/password-change"),
        (Method::POST, "/api/v1/auth/email-change"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::DELETE, "/api/v1/auth/sessions/no-uuid"),
    ] {
        let request = server.request(method.clone(), path).body("nonsense");
        server.send(request).await.problem(401, "unauthenticated");
        let request =
            server.request(method, path).header("authorization", "Basic dXNlcjpwYXNz").body("nonsense");
        server.send(request).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = Server::start().await;
    let signed_in = server.signed_in("user@example.com").await;
    for path in
        ["/health", "/openapi.json", "/.well-known/jwks.json", "/api/v1/auth/me", "/api/v1/auth/sessions"]
    {
        let get = server.get_as(&signed_in.access_token, path).await;
        let request = server.request(Method::HEAD, path).bearer_auth(&signed_in.access_token);
        let head = server.send(request).await;
        head.empty(get.status);
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn the_service_survives_it_all_and_shows_its_document() {
    let server = Server::start().await;
    let document = server.get("/openapi.json").await.json(200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert!(document["paths"]["/api/v1/auth/login"]["post"].is_object());
    let docs = server.get("/docs/").await;
    assert_eq!(docs.status, 200);
    assert!(!docs.text.contains("https://"), "the page works offline");
}
