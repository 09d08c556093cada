use std::time::Duration;

use insta::assert_json_snapshot;
use portcullis_http_actix::Authentication;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADA, Installation, PASSWORD, Reply, Service, Tokens};

fn unguarded() -> Service {
    Installation { authentication: Authentication::BuiltInAdministrator, ..Installation::default() }.serve()
}

async fn call(service: &Service, method: &str, path: &str, body: Value) -> Reply {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    service.send(service.request(method, path).json(&body)).await
}

#[tokio::test]
async fn every_call_acts_as_an_administrator_whatever_it_carries() {
    let service = unguarded();
    let me = service.get("/api/v1/auth/me").await;
    assert_json_snapshot!(me.snapshot());
    let ada = service.signed_in(ADA).await;
    for authorization in ["Bearer nonsense", "Bearer ", "Basic YTpi", &format!("Bearer {}", ada.access)] {
        let request = service.request(Method::GET, "/api/v1/users/me").header("Authorization", authorization);
        assert_eq!(service.send(request).await.json(), me.json(), "{authorization}");
    }
    let check = service.get("/api/v1/auth/check?permission=anything:whatever").await;
    assert_eq!((check.status.as_u16(), check.header("x-auth-roles")), (204, Some("admin,user")));
}

#[tokio::test]
async fn the_built_in_administrator_administers() {
    let service = unguarded();
    let role =
        call(&service, "POST", "/api/v1/roles", json!({"name": "analyst", "permissions": ["a:b"]})).await;
    assert_eq!(role.status, 201);
    service.clock.advance(Duration::from_mins(1));
    let body = json!({"email": ADA, "password": PASSWORD, "email_verified": true, "roles": ["admin"]});
    let user = call(&service, "POST", "/api/v1/users", body).await;
    let path = user.header("location").unwrap();
    service.clock.advance(Duration::from_mins(1));
    assert_eq!(call(&service, "PATCH", path, json!({"name": "Ada"})).await.json()["name"], "Ada");
    assert_eq!(service.get("/api/v1/users").await.each("email"), [ADA], "who has no account is in no list");
    let events = service.get("/api/v1/audit-events").await;
    assert_eq!(events.each("kind"), ["user_update", "user_creation", "role_creation"]);
    let me = service.get("/api/v1/auth/me").await.json();
    assert_eq!(events.json()["items"][0]["actor_id"], me["id"]);
    assert_eq!(service.login(ADA, PASSWORD).await.status, 200, "signing in goes on as ever");
}

#[tokio::test]
async fn the_built_in_administrator_has_no_account_to_change() {
    let service = unguarded();
    let password = json!({"password": PASSWORD});
    let change = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    let move_to = json!({"new_email": ADA, "password": PASSWORD});
    for (method, path, body) in [
        ("PATCH", "/api/v1/auth/me", json!({"name": "x"})),
        ("PUT", "/api/v1/users/me", json!({})),
        ("DELETE", "/api/v1/auth/me", password.clone()),
        ("DELETE", "/api/v1/users/me", password),
        ("POST", "/api/v1/auth/password-change", change),
        ("POST", "/api/v1/auth/email-change", move_to),
    ] {
        for _ in 0..6 {
            let reply = call(&service, method, path, body.clone()).await;
            assert_eq!(reply.problem(), "404 not_found", "{method} {path}");
        }
        let invalid = json!({"name": 1, "password": 1, "current_password": 1, "new_email": 1});
        assert_eq!(call(&service, method, path, invalid).await.status, 422, "what is said comes before");
    }
    let id = service.get("/api/v1/auth/me").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(service.get(&format!("/api/v1/users/{id}")).await.problem(), "404 not_found");
    assert_eq!(service.get("/api/v1/audit-events").await.each("kind"), Vec::<String>::new());
    assert_eq!(service.hasher.hashes(), 0);
}

#[tokio::test]
async fn the_built_in_administrator_has_no_session_to_end() {
    let service = unguarded();
    let ada = service.signed_in(ADA).await;
    for path in ["/api/v1/auth/logout", "/api/v1/auth/logout-all"] {
        assert_eq!(call(&service, "POST", path, json!({})).await.status, 204, "{path}");
    }
    assert_eq!(service.get("/api/v1/auth/sessions").await.json(), json!({"items": []}));
    let sessions = service.get(&format!("/api/v1/users/{}/sessions", ada.user_id)).await.each("id");
    let path = format!("/api/v1/auth/sessions/{}", sessions[0]);
    assert_eq!(call(&service, "DELETE", &path, json!({})).await.problem(), "404 not_found");
    let body = json!({"refresh_token": ada.refresh});
    let logout = call(&service, "POST", "/api/v1/auth/logout", body.clone()).await;
    assert_eq!(logout.problem(), "401 invalid_refresh_token", "it is somebody else's");
    let refreshed = service.post("/api/v1/auth/refresh", body).await;
    assert!(!Tokens::of(&refreshed).access.is_empty(), "the sessions of users go on");
}
