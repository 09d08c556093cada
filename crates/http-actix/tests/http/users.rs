use std::time::Duration;

use insta::assert_json_snapshot;
use portcullis_domain::mail::MailContent;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADA, PASSWORD, Service, Tokens};

const USERS: &str = "/api/v1/users";
const BOB: &str = "bob@example.com";

fn user(tokens: &Tokens) -> String {
    format!("{USERS}/{}", tokens.user_id)
}

#[tokio::test]
async fn an_account_is_made_as_it_is_asked_for() {
    let service = Service::start();
    let admin = service.administrator().await;
    service.role("analyst", &["reports:read"]).await;
    let body = json!({
        "email": " Bob@Example.com ", "password": PASSWORD, "username": "bob", "name": " Bob ",
        "first_name": "Robert", "last_name": "Roe", "email_verified": true,
        "roles": ["analyst", "user", "analyst"],
    });
    let made = service.post_as(&admin.access, USERS, body).await;
    assert_json_snapshot!(made.snapshot());
    let location = made.header("location").unwrap();
    assert_eq!(service.get_as(&admin.access, location).await.json(), made.json());
    assert_eq!(service.login(BOB, PASSWORD).await.status, 200);
    service.deliver_mails().await;
    assert!(service.mailer.last_to(BOB).is_none(), "the address counts as verified");
}

#[tokio::test]
async fn an_account_is_unverified_and_active_unless_it_is_asked_for_otherwise() {
    let service = Service::start();
    let admin = service.administrator().await;
    let nulls = json!({
        "username": null, "name": null, "first_name": null, "last_name": null, "email_verified": null,
        "is_active": null, "roles": null,
    });
    for (address, more) in [(BOB, json!({})), ("eve@example.com", nulls)] {
        let mut body = json!({"email": address, "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = service.post_as(&admin.access, USERS, body).await.json();
        assert_eq!((&made["email_verified"], &made["is_active"]), (&json!(false), &json!(true)));
        assert_eq!(made["roles"], json!(["user"]));
        assert_eq!(service.login(address, PASSWORD).await.problem(), "403 email_not_verified");
        let token = service.mailed_token(address).await;
        assert_eq!(service.get(&format!("/api/v1/auth/verify-email/{token}")).await.status, 200);
        assert_eq!(service.login(address, PASSWORD).await.status, 200);
    }
    let body = json!({
        "email": "off@example.com", "password": PASSWORD, "email_verified": true, "is_active": false,
    });
    let made = service.post_as(&admin.access, USERS, body).await;
    assert_eq!(made.json()["is_active"], false);
    assert_eq!(service.login("off@example.com", PASSWORD).await.problem(), "403 account_disabled");
}

#[tokio::test]
async fn without_a_password_the_owner_is_invited_to_set_one() {
    let service = Service::start();
    let admin = service.administrator().await;
    for body in [json!({"email": BOB}), json!({"email": "eve@example.com", "password": null})] {
        let address = body["email"].as_str().unwrap().to_owned();
        assert_eq!(service.post_as(&admin.access, USERS, body).await.status, 201);
        assert_eq!(service.login(&address, PASSWORD).await.problem(), "401 invalid_credentials");
        let token = service.mailed_token(&address).await;
        service.clock.advance(Duration::from_mins(10));
        let confirmation = json!({"token": token, "new_password": PASSWORD});
        let reply = service.post("/api/v1/auth/password-reset/confirm", confirmation).await;
        assert_eq!(reply.status, 200);
        let signed_in = service.login(&address, PASSWORD).await;
        assert_eq!(signed_in.json()["user"]["email_verified"], true);
    }
}

#[tokio::test]
async fn every_fault_of_an_account_to_be_made_is_told() {
    let service = Service::start();
    let admin = service.administrator().await;
    let create = async |body: Value| service.post_as(&admin.access, USERS, body).await.faults();
    assert_eq!(create(json!({})).await, "email required");
    let body = json!({
        "email": "nobody", "password": "short", "username": "x", "name": "", "first_name": 1,
        "last_name": "x".repeat(256), "email_verified": "true", "is_active": 1, "roles": "admin",
    });
    assert_eq!(
        create(body).await,
        "email invalid, password too_short, username too_short, name too_short, first_name invalid, \
         last_name too_long, email_verified invalid, is_active invalid, roles invalid"
    );
    for (roles, fault) in [
        (json!({}), "roles invalid"),
        (json!([1]), "roles invalid"),
        (json!([null]), "roles invalid"),
        (json!([["admin"]]), "roles invalid"),
        (json!(["user", "nobody"]), "roles unknown"),
        (json!(["No role's name"]), "roles unknown"),
        (json!([""]), "roles unknown"),
    ] {
        assert_eq!(create(json!({"email": BOB, "roles": roles})).await, fault, "{roles}");
    }
    let body = json!({"email": BOB, "password": "bob@example.com"});
    assert_eq!(create(body).await, "password contains_identity");
}

#[tokio::test]
async fn an_address_and_a_username_are_had_by_one() {
    let service = Service::start();
    let admin = service.administrator().await;
    let bob = service.signed_in(BOB).await;
    let body = json!({"email": ADA, "username": "countess"});
    assert_eq!(service.post_as(&admin.access, USERS, body).await.status, 201);
    let create = async |body: Value| service.post_as(&admin.access, USERS, body).await.problem();
    assert_eq!(create(json!({"email": "ADA@example.com"})).await, "409 email_taken");
    assert_eq!(create(json!({"email": "x@example.com", "username": "Countess"})).await, "409 username_taken");
    let update = async |body: Value| service.patch_as(&admin.access, &user(&bob), body).await.problem();
    assert_eq!(update(json!({"email": "ADA@example.com"})).await, "409 email_taken");
    assert_eq!(update(json!({"username": "COUNTESS"})).await, "409 username_taken");
}

#[tokio::test]
async fn nobody_makes_an_account_with_roles_that_are_not_theirs_to_give() {
    let service = Service::start();
    service.role("analyst", &["reports:read"]).await;
    let writer = service.holding(&["users:write"]).await;
    let giver = service.holding(&["users:write", "roles:assign"]).await;
    let analyst = service.holding(&["users:write", "roles:assign", "reports:read"]).await;
    let create = async |who: &Tokens, roles: Value| {
        let body = json!({"email": BOB, "roles": roles});
        service.post_as(&who.access, USERS, body).await
    };
    assert_eq!(create(&writer, json!(["user"])).await.problem(), "403 forbidden");
    assert_eq!(create(&giver, json!(["analyst"])).await.problem(), "403 forbidden");
    assert_eq!(create(&analyst, json!(["analyst", "admin"])).await.problem(), "403 forbidden");
    assert_eq!(create(&analyst, json!(["analyst"])).await.json()["roles"], json!(["analyst", "user"]));
    let reply = service.post_as(&writer.access, USERS, json!({"email": "x@example.com", "roles": []})).await;
    assert_eq!(reply.status, 201, "no roles are anybody's to give");
}

#[tokio::test]
async fn what_nobody_decides_is_inert() {
    let service = Service::start();
    let admin = service.administrator().await;
    let bob = service.signed_in(BOB).await;
    let inert = json!({
        "id": "00000000-0000-7000-8000-000000000000", "created_at": "2020-01-01T00:00:00Z",
        "updated_at": 1, "last_login_at": "never", "password_hash": "x", "permissions": ["users:read"],
    });
    let mut creation = json!({"email": ADA});
    creation.as_object_mut().unwrap().extend(inert.as_object().unwrap().clone());
    let made = service.post_as(&admin.access, USERS, creation).await.json();
    assert_ne!(made["id"], inert["id"]);
    assert_eq!((&made["last_login_at"], &made["roles"]), (&Value::Null, &json!(["user"])));
    assert!(made["created_at"].as_str().unwrap().starts_with("2026"));
    let before = service.get_as(&admin.access, &user(&bob)).await.json();
    let mut change = inert;
    let more = json!({"email_verified": false, "roles": ["admin"], "password": "something else"});
    change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let after = service.patch_as(&admin.access, &user(&bob), change).await;
    assert_eq!((after.status.as_u16(), after.json()), (200, before));
    assert_eq!(service.login(BOB, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_change_keeps_sets_and_clears_by_put_as_by_patch() {
    let service = Service::start();
    let (admin, bob) = (service.administrator().await, service.signed_in(BOB).await);
    for method in [Method::PATCH, Method::PUT] {
        let change = async |body: Value| {
            let reply = service.call_as(&admin.access, method.clone(), &user(&bob), body).await;
            assert_eq!(reply.status, 200);
            let user = reply.json();
            ["username", "name", "first_name", "last_name"].map(|field| user[field].clone())
        };
        let set = change(json!({"username": "bob", "name": " Bob ", "first_name": "B"})).await;
        assert_eq!(set, [json!("bob"), json!("Bob"), json!("B"), json!(null)]);
        let kept = change(json!({"last_name": "Roe"})).await;
        assert_eq!(kept, [json!("bob"), json!("Bob"), json!("B"), json!("Roe")]);
        assert_eq!(change(json!({})).await, kept);
        let cleared = change(json!({"username": null, "name": null, "first_name": null, "last_name": null}));
        assert_eq!(cleared.await, [json!(null), json!(null), json!(null), json!(null)]);
    }
    let cleared = json!({"email": null, "is_active": null, "username": "1", "name": 1});
    let reply = service.patch_as(&admin.access, &user(&bob), cleared).await;
    assert_eq!(reply.faults(), "email required, username too_short, name invalid, is_active required");
    let reply = service.patch_as(&admin.access, &user(&bob), json!({"is_active": "false"})).await;
    assert_eq!(reply.faults(), "is_active invalid");
}

#[tokio::test]
async fn another_address_is_unverified_and_both_are_told() {
    let service = Service::start();
    let (admin, bob) = (service.administrator().await, service.signed_in(BOB).await);
    let change = json!({"email": "robert@example.com"});
    let reply = service.patch_as(&admin.access, &user(&bob), change).await;
    let changed = reply.json();
    assert_eq!(changed["email"], "robert@example.com");
    assert_eq!(changed["email_verified"], false);
    assert!(changed["updated_at"].is_string());
    let token = service.mailed_token("robert@example.com").await;
    let told = service.mailer.last_to(BOB).unwrap();
    assert!(matches!(told.content, MailContent::EmailChanged), "{told:?}");
    assert_eq!(service.get(&format!("/api/v1/auth/verify-email/{token}")).await.status, 200);
    assert_eq!(service.login("robert@example.com", PASSWORD).await.status, 200);
    assert_eq!(service.login(BOB, PASSWORD).await.problem(), "401 invalid_credentials");
}

#[tokio::test]
async fn who_is_deactivated_is_signed_out_until_they_are_activated() {
    let service = Service::start();
    let (admin, bob) = (service.administrator().await, service.signed_in(BOB).await);
    let set = async |is_active: bool| {
        let reply = service.patch_as(&admin.access, &user(&bob), json!({"is_active": is_active})).await;
        assert_eq!(reply.json()["is_active"], is_active);
    };
    set(false).await;
    assert_eq!(service.get_as(&bob.access, "/api/v1/auth/me").await.problem(), "401 invalid_access_token");
    assert_eq!(service.login(BOB, PASSWORD).await.problem(), "403 account_disabled");
    set(true).await;
    assert_eq!(service.login(BOB, PASSWORD).await.status, 200);
    let refresh = json!({"refresh_token": bob.refresh});
    assert_eq!(service.post("/api/v1/auth/refresh", refresh).await.problem(), "401 invalid_refresh_token");
}

#[tokio::test]
async fn an_account_is_erased_once() {
    let service = Service::start();
    let (admin, bob) = (service.administrator().await, service.signed_in(BOB).await);
    let deleted = service.delete_as(&admin.access, &user(&bob)).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(service.get_as(&bob.access, "/api/v1/auth/me").await.problem(), "401 invalid_access_token");
    assert_eq!(service.get_as(&admin.access, &user(&bob)).await.problem(), "404 not_found");
    assert_eq!(service.delete_as(&admin.access, &user(&bob)).await.problem(), "404 not_found");
}

#[tokio::test]
async fn an_address_is_taken_for_verified() {
    let service = Service::start();
    let admin = service.administrator().await;
    let made = service.post("/api/v1/auth/register", json!({"email": BOB, "password": PASSWORD})).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let verify = service.request(Method::POST, &format!("{USERS}/{id}/verify"));
        let verified = service.send(verify.bearer_auth(&admin.access)).await;
        assert_eq!((verified.status.as_u16(), &verified.json()["email_verified"]), (200, &json!(true)));
    }
    assert_eq!(service.login(BOB, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_lockout_is_lifted() {
    let service = Service::start();
    let (admin, bob) = (service.administrator().await, service.signed_in(BOB).await);
    for _ in 0..5 {
        assert_eq!(service.login(BOB, "wrong horse battery").await.problem(), "401 invalid_credentials");
    }
    assert_eq!(service.login(BOB, PASSWORD).await.problem(), "429 account_locked");
    let unlock = service.request(Method::POST, &format!("{}/unlock", user(&bob)));
    let unlocked = service.send(unlock.bearer_auth(&admin.access)).await;
    assert_eq!((unlocked.status.as_u16(), &unlocked.json()["email"]), (200, &json!(BOB)));
    assert_eq!(service.login(BOB, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_administers_who_has_a_permission_that_they_lack() {
    let service = Service::start();
    let admin = service.administrator().await;
    let analyst = service.holding(&["reports:read"]).await;
    let clerk = service.holding(&["users:read", "users:write", "users:delete", "sessions:revoke"]).await;
    for target in [&admin, &analyst] {
        for (method, path) in
            [("PATCH", ""), ("DELETE", ""), ("POST", "/verify"), ("POST", "/unlock"), ("DELETE", "/sessions")]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let path = format!("{}{path}", user(target));
            let reply = service.call_as(&clerk.access, method, &path, json!({"name": "x"})).await;
            assert_eq!(reply.problem(), "403 forbidden", "{path}");
        }
        assert_eq!(service.get_as(&clerk.access, &user(target)).await.status, 200, "but may see them");
        assert_eq!(service.get_as(&target.access, "/api/v1/auth/me").await.status, 200);
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let service = Service::start();
    let admin = service.administrator().await;
    let disable = json!({"is_active": false});
    let path = user(&admin);
    let problem = service.patch_as(&admin.access, &path, disable.clone()).await.problem();
    assert_eq!(problem, "409 last_admin");
    assert_eq!(service.delete_as(&admin.access, &path).await.problem(), "409 last_admin");
    let other = service.signed_in(ADA).await;
    service.set_roles(&other.user_id, &[("admin", &[])]).await;
    assert_eq!(service.patch_as(&other.access, &path, disable).await.status, 200);
    assert_eq!(service.delete_as(&other.access, &user(&other)).await.problem(), "409 last_admin");
    assert_eq!(service.delete_as(&other.access, &path).await.status, 204);
}

#[tokio::test]
async fn me_is_the_caller_and_no_id() {
    let service = Service::start();
    let bob = service.signed_in(BOB).await;
    assert_eq!(service.get_as(&bob.access, "/api/v1/users/me").await.json()["email"], BOB);
    let post = service.send(service.request(Method::POST, "/api/v1/users/me").bearer_auth(&bob.access)).await;
    assert_eq!(post.problem(), "405 method_not_allowed");
    let admin = service.administrator().await;
    for path in ["/api/v1/users/me/sessions", "/api/v1/users/me/roles"] {
        assert_eq!(service.get_as(&admin.access, path).await.problem(), "404 not_found", "{path}");
    }
}
