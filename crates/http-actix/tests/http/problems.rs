use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use insta::assert_json_snapshot;
use portcullis_domain::policy::{Policy, Registration};
use portcullis_domain::ports::{
    HashRefusal, HasherOverloaded, HashingError, PasswordHasher, PasswordVerdict,
};
use portcullis_domain::{AcceptedPassword, Password, PasswordHash};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::service::{ADA, Installation, PASSWORD, Service};

const ME: &str = "/api/v1/auth/me";
const REGISTER: &str = "/api/v1/auth/register";
const REFRESH: &str = "/api/v1/auth/refresh";
const WRONG: &str = "wrong horse battery";

/// One snapshot for each code.
#[tokio::test]
async fn problems_look_like_this() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let registration =
        |address: &str| json!({"email": address, "password": PASSWORD, "username": "countess"});
    let octets = |media_type: &str, body: String| {
        service.send(service.request(Method::POST, REGISTER).header(CONTENT_TYPE, media_type).body(body))
    };
    let replies = [
        octets("application/json", "{".to_owned()).await,
        octets("application/json", " ".repeat(70_000)).await,
        octets("text/plain", "{}".to_owned()).await,
        service.post(REGISTER, json!({"email": "nobody", "username": "x", "password": "password123"})).await,
        service.get(ME).await,
        service.get_as("nonsense", ME).await,
        service.get_as(&tokens.access, "/api/v1/auth/check?permission=users:read").await,
        service.get("/nothing").await,
        service.send(service.request(Method::POST, ME)).await,
        service.post(REFRESH, json!({"refresh_token": "nonsense"})).await,
        service.get("/api/v1/auth/verify-email/nonsense").await,
        service.post("/api/v1/auth/verify", json!({"email": "bob@example.com", "code": "000000"})).await,
        service.post(REGISTER, registration(ADA)).await,
        service.login(ADA, WRONG).await,
        service.call_as(&tokens.access, Method::DELETE, ME, json!({"password": WRONG})).await,
    ];
    for reply in replies {
        let name = reply.json()["code"].as_str().unwrap().to_owned();
        assert_json_snapshot!(name, reply.snapshot());
    }
}

#[tokio::test]
async fn problems_of_an_account_look_like_this() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let change = json!({"username": "countess"});
    service.call_as(&tokens.access, Method::PATCH, ME, change.clone()).await;
    let bob = json!({"email": "bob@example.com", "password": PASSWORD});
    service.post(REGISTER, bob).await;
    let unverified = service.login("bob@example.com", PASSWORD).await;
    let eve = service.signed_in("eve@example.com").await;
    let username_taken = service.call_as(&eve.access, Method::PATCH, ME, change).await;
    service.disable(&eve.user_id).await;
    let disabled = service.login("eve@example.com", PASSWORD).await;
    service.set_roles(&tokens.user_id, &[("admin", &[])]).await;
    let last_admin = service.call_as(&tokens.access, Method::DELETE, ME, json!({"password": PASSWORD})).await;
    for _ in 0..5 {
        service.login(ADA, WRONG).await;
        service.post("/api/v1/auth/verify", json!({"email": ADA, "code": "000000"})).await;
    }
    service.clock.advance(Duration::from_millis(1));
    let locked = service.login(ADA, PASSWORD).await;
    let too_many = service.post("/api/v1/auth/verify", json!({"email": ADA, "code": "000000"})).await;
    let closed = Service::under(Policy { registration: Registration::Closed, ..Policy::default() });
    let closed = closed.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await;
    for reply in [unverified, username_taken, disabled, last_admin, locked, too_many, closed] {
        let name = reply.json()["code"].as_str().unwrap().to_owned();
        assert_json_snapshot!(name, reply.snapshot());
    }
}

#[tokio::test]
async fn problems_of_administration_look_like_this() {
    let service = Service::start();
    let admin = service.administrator().await;
    let analyst = json!({"name": "analyst"});
    service.post_as(&admin.access, "/api/v1/roles", analyst.clone()).await;
    let role_taken = service.post_as(&admin.access, "/api/v1/roles", analyst).await;
    let built_in = service.role("user", &[]).await;
    let built_in_role = service.delete_as(&admin.access, &format!("/api/v1/roles/{built_in}")).await;
    for reply in [role_taken, built_in_role] {
        let name = reply.json()["code"].as_str().unwrap().to_owned();
        assert_json_snapshot!(name, reply.snapshot());
    }
    let clerk = service.holding(&["users:read", "users:write", "roles:write", "roles:assign"]).await;
    let (user, role) = (&admin.user_id, service.role("admin", &[]).await);
    let lacks_permission = service.get_as(&clerk.access, "/api/v1/audit-events").await;
    let outranked =
        service.patch_as(&clerk.access, &format!("/api/v1/users/{user}"), json!({"name": "x"})).await;
    let role_body = json!({"name": "spy", "permissions": ["audit:read"]});
    let role_beyond = service.post_as(&clerk.access, "/api/v1/roles", role_body).await;
    let body = json!({"email": "eve@example.com", "roles": ["admin"]});
    let account_beyond = service.post_as(&clerk.access, "/api/v1/users", body).await;
    let path = format!("/api/v1/users/{}/roles/{role}", clerk.user_id);
    let assigns_beyond = service.send(service.request(Method::POST, &path).bearer_auth(&clerk.access)).await;
    let details = [lacks_permission, outranked, role_beyond, account_beyond, assigns_beyond].map(|reply| {
        assert_eq!(reply.problem(), "403 forbidden");
        reply.json()["detail"].clone()
    });
    assert_json_snapshot!("forbidden_in_administration", details);
    let queries = [
        "users?limit=0&cursor=nonsense&q=&role=nobody&email_verified=yes&is_active=1",
        "users?role=nobody",
        "users?cursor=nonsense",
        "audit-events?user_id=1&kind=nonsense&since=yesterday&until=2026-03-01&limit=201",
        "audit-events?cursor=nonsense",
    ];
    let mut errors = Vec::new();
    for query in queries {
        errors.push(service.get_as(&admin.access, &format!("/api/v1/{query}")).await.json()["errors"].take());
    }
    assert_json_snapshot!("invalid_queries", errors);
}

#[tokio::test]
async fn problems_of_the_service_look_like_this() {
    let service = Service::start();
    service.storage.fail_next();
    let store_unavailable = service.get("/health").await;
    service.hasher.set_overloaded(true);
    let overloaded = service.login(ADA, PASSWORD).await;
    service.readiness.begin_shutdown();
    let shutting_down = service.get("/health/ready").await;
    let broken = Installation { hasher: Some(Arc::new(UnreadableHashes)), ..Installation::default() }.serve();
    let internal = broken.login(ADA, PASSWORD).await;
    let limited = Installation { calls_a_minute: Some(1), ..Installation::default() }.serve();
    limited.get(ME).await;
    let rate_limited = limited.get(ME).await;
    for reply in [store_unavailable, overloaded, shutting_down, internal, rate_limited] {
        let name = reply.json()["code"].as_str().unwrap().to_owned();
        assert_json_snapshot!(name, reply.snapshot());
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_service_goes_on() {
    let service = Installation { hasher: Some(Arc::new(Panicking)), ..Installation::default() }.serve();
    for _ in 0..3 {
        let reply = service.login(ADA, PASSWORD).await;
        assert_eq!(reply.problem(), "500 internal");
        assert!(!reply.text.contains("kaboom"), "{}", reply.text);
    }
    assert_eq!(service.get("/health").await.status, 200);
}

/// Finds only hashes that it cannot read.
struct UnreadableHashes;

#[async_trait]
impl PasswordHasher for UnreadableHashes {
    async fn hash(&self, _: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        unreachable!("nobody has a password to be hashed")
    }

    fn import(&self, _: &str) -> Result<PasswordHash, HashRefusal> {
        Err(HashRefusal::UnknownScheme)
    }

    async fn verify(&self, _: Password, _: Option<PasswordHash>) -> Result<PasswordVerdict, HashingError> {
        Err(HashingError::UnknownHash)
    }
}

/// Has a defect.
pub(crate) struct Panicking;

#[async_trait]
impl PasswordHasher for Panicking {
    async fn hash(&self, _: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        panic!("kaboom")
    }

    fn import(&self, _: &str) -> Result<PasswordHash, HashRefusal> {
        panic!("kaboom")
    }

    async fn verify(&self, _: Password, _: Option<PasswordHash>) -> Result<PasswordVerdict, HashingError> {
        panic!("kaboom")
    }
}
