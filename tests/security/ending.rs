//! Ending means ended (S10 to S14).

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, PATIENCE, Server, ServerBuilder, claims};

async fn cheap_server() -> Server {
    ServerBuilder::new().with_cheap_hashes().start().await
}

#[tokio::test]
async fn s10_what_ends_a_session_ends_both_of_its_tokens_at_once() {
    let server = cheap_server().await;
    let email = "user@example.com";
    let (first, second) = (server.signed_in(email).await, server.login(email, PASSWORD).await);

    let logout = server.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&first.access_token);
    server.send(logout).await.empty(204);
    assert!(server.has_ended(&first).await && !server.has_ended(&second).await);

    let second = server.refreshed(&second).await;
    let third = server.login(email, PASSWORD).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "NewSecurePass456!" });
    server.post_as(&third.access_token, "/api/v1/auth/password-change", change).await.json(200);
    assert!(server.has_ended(&second).await && !server.has_ended(&third).await);

    let third = server.refreshed(&third).await;
    let token = server.reset_token(email, 1).await;
    let confirm = json!({ "token": token, "new_password": PASSWORD });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);
    assert!(server.has_ended(&third).await);

    let fourth = server.login(email, PASSWORD).await;
    let delete = json!({ "password": PASSWORD });
    server.call_as(&fourth.access_token, Method::DELETE, "/api/v1/auth/me", delete).await.empty(204);
    assert!(server.has_ended(&fourth).await);
}

#[tokio::test]
async fn s11_a_role_taken_away_is_gone_at_the_next_call_whatever_the_token_says() {
    let server = ServerBuilder::new().with_cheap_hashes().raced().start().await;
    let root = server.administrator("root@example.com").await;
    let admin_role = server.role_called(&root, "admin").await;
    server.made_user(&root, "admin@example.com").await;
    let before = server.login("admin@example.com", PASSWORD).await;
    server.grant(&root, &before.user_id, &admin_role).await;
    let admin = server.refreshed(&before).await;
    assert_eq!(claims(&admin.access_token)["roles"], json!(["admin", "user"]));
    // Each of the two instances, if there are two, has seen it at work.
    for _ in 0..2 {
        server.get_as(&admin.access_token, "/api/v1/users").await.json(200);
    }
    let path = format!("/api/v1/users/{}/roles/{admin_role}", admin.user_id);
    server.delete_as(&root.access_token, &path).await.empty(204);
    for _ in 0..2 {
        for path in ["/api/v1/users", "/api/v1/audit-events", "/api/v1/auth/check?permission=users:read"] {
            server.get_as(&admin.access_token, path).await.problem(403, "forbidden");
        }
        // Neither can they give it back to themselves.
        server.post_as(&admin.access_token, &path, json!({})).await.problem(403, "forbidden");
    }
    let check = server.get_as(&admin.access_token, "/api/v1/auth/check").await;
    assert_eq!(check.header("x-auth-roles"), Some("user"));
    let next = server.refreshed(&admin).await;
    assert_eq!(claims(&next.access_token)["roles"], json!(["user"]));
}

#[tokio::test]
async fn s12_a_newer_secret_of_one_kind_ends_the_older() {
    let server = cheap_server().await;
    let email = "user@example.com";
    let signed_in = server.signed_in(email).await;
    let (first, second) = (server.reset_token(email, 1).await, server.reset_token(email, 2).await);
    let confirm = |token: &str| json!({ "token": token, "new_password": "NewSecurePass456!" });
    let path = "/api/v1/auth/password-reset/confirm";
    server.post(path, confirm(&first)).await.problem(400, "invalid_token");

    let change = |new: &str| json!({ "new_email": new, "password": PASSWORD });
    for new in ["first@example.com", "second@example.com"] {
        let path = "/api/v1/auth/email-change";
        server.post_as(&signed_in.access_token, path, change(new)).await.json(202);
    }
    let (older, newer) =
        (server.mails_to("first@example.com").await, server.mail_to("second@example.com", 1).await);
    let path = "/api/v1/auth/email-change/confirm";
    if let Some(older) = older.first() {
        server.post(path, json!({ "token": older.token() })).await.problem(400, "invalid_token");
    }
    server.post(path, json!({ "token": newer.token() })).await.json(200);

    // An e-mail change ends what was mailed to the old address.
    server.post("/api/v1/auth/password-reset/confirm", confirm(&second)).await.problem(400, "invalid_token");
}

#[tokio::test]
async fn s12_expiry_is_checked_at_use() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_VERIFY_LINK_TTL", "1s")
        .with("PORTCULLIS_VERIFY_CODE_TTL", "1s")
        .with("PORTCULLIS_RESET_TTL", "1s")
        .start()
        .await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let mail = server.mail_to(email, 1).await;
    let reset = server.reset_token(email, 1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let link = format!("/api/v1/auth/verify-email/{}", mail.token());
    server.get(&link).await.problem(400, "invalid_token");
    let code = json!({ "email": email, "code": mail.code() });
    server.post("/api/v1/auth/verify", code).await.problem(400, "invalid_code");
    let confirm = json!({ "token": reset, "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.problem(400, "invalid_token");
}

#[tokio::test]
async fn s13_a_reset_ends_all_that_a_stranger_set_before_the_owner_came() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        .start()
        .await;
    let email = "victim@example.com";
    let body = json!({ "email": email, "password": "AttackersPass1!" });
    server.post("/api/v1/auth/register", body).await.json(201);
    let attacker = server.login(email, "AttackersPass1!").await;
    let change = json!({ "new_email": "attacker@example.com", "password": "AttackersPass1!" });
    server.post_as(&attacker.access_token, "/api/v1/auth/email-change", change).await.json(202);
    let pending = server.mail_to("attacker@example.com", 1).await;

    let reset = server.reset_token(email, 1).await;
    let confirm = json!({ "token": reset, "new_password": "OwnersPassword2!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);

    assert!(server.has_ended(&attacker).await);
    let login = json!({ "email": email, "password": "AttackersPass1!" });
    server.post("/api/v1/auth/login", login).await.problem(401, "invalid_credentials");
    let token = json!({ "token": pending.token() });
    server.post("/api/v1/auth/email-change/confirm", token).await.problem(400, "invalid_token");
    let owner = server.login(email, "OwnersPassword2!").await;
    let me = server.get_as(&owner.access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(true)));
}

#[tokio::test]
async fn s13_verification_ends_an_email_change_that_was_asked_for_before() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        .start()
        .await;
    let email = "victim@example.com";
    let body = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.json(201);
    let verification = server.mail_to(email, 1).await;
    let attacker = server.login(email, PASSWORD).await;
    let change = json!({ "new_email": "attacker@example.com", "password": PASSWORD });
    server.post_as(&attacker.access_token, "/api/v1/auth/email-change", change).await.json(202);
    let pending = server.mail_to("attacker@example.com", 1).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", verification.token())).await.json(200);
    let token = json!({ "token": pending.token() });
    server.post("/api/v1/auth/email-change/confirm", token).await.problem(400, "invalid_token");
}

#[tokio::test]
async fn s14_an_unused_session_expires() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_REFRESH_TOKEN_TTL", "12s").start().await;
    let idle = server.signed_in("user@example.com").await;
    let mut used = server.login("user@example.com", PASSWORD).await;
    let begun = Instant::now();
    while server.get_as(&idle.access_token, "/api/v1/auth/me").await.status == 200 {
        assert!(begun.elapsed() < PATIENCE, "it expires");
        tokio::time::sleep(Duration::from_millis(500)).await;
        used = server.refreshed(&used).await;
    }
    assert!(server.has_ended(&idle).await);
    assert!(!server.has_ended(&used).await);
}

#[tokio::test]
async fn s14_a_session_ends_however_often_it_is_refreshed() {
    let server = ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_SESSION_TTL", "12s").start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let refreshed = server.refreshed(&signed_in).await;
    tokio::time::sleep(Duration::from_millis(12_100)).await;
    assert!(server.has_ended(&refreshed).await);
}
