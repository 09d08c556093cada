use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADA, PASSWORD, Service};

const PATHS: [&str; 2] = ["/api/v1/auth/me", "/api/v1/users/me"];

#[tokio::test]
async fn the_account_is_shown_at_both_paths() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let [me, users_me] =
        [service.get_as(&tokens.access, PATHS[0]).await, service.get_as(&tokens.access, PATHS[1]).await];
    assert_eq!(me.snapshot(), users_me.snapshot());
    assert_json_snapshot!(me.snapshot());
}

#[tokio::test]
async fn a_change_keeps_sets_and_clears_by_put_as_by_patch() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for path in PATHS {
        for method in [Method::PATCH, Method::PUT] {
            let change = async |body: Value| {
                let reply = service.call_as(&tokens.access, method.clone(), path, body).await;
                assert_eq!(reply.status, 200);
                let user = reply.json();
                ["username", "name", "first_name", "last_name"].map(|field| user[field].clone())
            };
            let set = change(json!({"username": "countess", "name": " Ada ", "first_name": "A"})).await;
            assert_eq!(set, [json!("countess"), json!("Ada"), json!("A"), json!(null)]);
            let kept = change(json!({"last_name": "Lovelace"})).await;
            assert_eq!(kept, [json!("countess"), json!("Ada"), json!("A"), json!("Lovelace")]);
            assert_eq!(change(json!({})).await, kept);
            let cleared =
                change(json!({"username": null, "name": null, "first_name": null, "last_name": null}));
            assert_eq!(cleared.await, [json!(null), json!(null), json!(null), json!(null)]);
        }
    }
}

#[tokio::test]
async fn what_a_profile_cannot_decide_is_inert() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let before = service.get_as(&tokens.access, PATHS[0]).await.json();
    let body = json!({
        "id": "00000000-0000-7000-8000-000000000000", "email": "eve@example.com", "email_verified": false,
        "roles": ["admin"], "is_active": false, "password": "something else", "created_at": null,
    });
    let after = service.call_as(&tokens.access, Method::PATCH, PATHS[0], body).await.json();
    assert_eq!(after, before);
}

#[tokio::test]
async fn invalid_names_are_told_all_at_once() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let body =
        json!({"username": "1a", "name": "  ", "first_name": "x\u{202e}y", "last_name": "x".repeat(256)});
    let reply = service.call_as(&tokens.access, Method::PATCH, PATHS[0], body).await;
    assert_eq!(reply.faults(), "name too_short, username too_short, first_name invalid, last_name too_long");
}

#[tokio::test]
async fn a_username_is_had_by_one() {
    let service = Service::start();
    let (ada, bob) = (service.signed_in(ADA).await, service.signed_in("bob@example.com").await);
    let body = json!({"username": "Countess"});
    assert_eq!(service.call_as(&ada.access, Method::PATCH, PATHS[0], body).await.status, 200);
    let body = json!({"username": "countess"});
    let reply = service.call_as(&bob.access, Method::PATCH, PATHS[0], body).await;
    assert_eq!(reply.problem(), "409 username_taken");
}

#[tokio::test]
async fn an_account_is_erased_for_who_knows_its_password() {
    let service = Service::start();
    for path in PATHS {
        let tokens = service.signed_in(ADA).await;
        let delete = async |password: &str| {
            service.call_as(&tokens.access, Method::DELETE, path, json!({"password": password})).await
        };
        assert_eq!(delete("wrong horse battery").await.problem(), "403 wrong_password");
        let deleted = delete(PASSWORD).await;
        assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
        assert_eq!(delete(PASSWORD).await.problem(), "401 invalid_access_token");
        assert_eq!(service.login(ADA, PASSWORD).await.problem(), "401 invalid_credentials");
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    service.set_roles(&tokens.user_id, &[("admin", &[])]).await;
    let body = json!({"password": PASSWORD});
    let reply = service.call_as(&tokens.access, Method::DELETE, PATHS[0], body).await;
    assert_eq!(reply.problem(), "409 last_admin");
}
