use std::time::Duration;

use insta::assert_json_snapshot;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::service::{ADA, PASSWORD, Reply, Service, Tokens};

const INTROSPECT: &str = "/api/v1/introspect";
const FORM: &str = "application/x-www-form-urlencoded";

async fn introspect(service: &Service, caller: &Tokens, form: &[(&str, &str)]) -> Reply {
    let field =
        |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    let body = form.iter().map(field).collect::<Vec<_>>().join("&");
    let request = service.request(Method::POST, INTROSPECT).header(CONTENT_TYPE, FORM).body(body);
    service.send(request.bearer_auth(&caller.access)).await
}

#[tokio::test]
async fn a_good_token_is_told_with_what_it_is_good_for() {
    let service = Service::start();
    let gateway = service.holding(&["tokens:introspect"]).await;
    let ada = service.signed_in(ADA).await;
    service.set_roles(&ada.user_id, &[("analyst", &["reports:read", "users:read"])]).await;
    let access = introspect(&service, &gateway, &[("token", &ada.access)]).await;
    assert_json_snapshot!("access_token", access.snapshot());
    let change = json!({"username": "countess"});
    service.patch_as(&ada.access, "/api/v1/auth/me", change).await;
    let form = [("token", ada.refresh.as_str()), ("token_type_hint", "access_token"), ("unknown", "x")];
    let refresh = introspect(&service, &gateway, &form).await;
    assert_json_snapshot!("refresh_token", refresh.snapshot());
    let again = json!({"refresh_token": ada.refresh});
    assert_eq!(service.post("/api/v1/auth/refresh", again).await.status, 200, "it is not spent");
}

#[tokio::test]
async fn what_a_token_is_good_for_is_that_of_this_moment() {
    let service = Service::start();
    let admin = service.administrator().await;
    let scope = async |tokens: &Tokens| {
        introspect(&service, &admin, &[("token", &tokens.access)]).await.json()["scope"].clone()
    };
    let ada = service.signed_in(ADA).await;
    assert_eq!(scope(&ada).await, "");
    service.set_roles(&ada.user_id, &[("analyst", &["reports:read"])]).await;
    assert_eq!(scope(&ada).await, "reports:read");
    let every = scope(&admin).await;
    assert!(every.as_str().unwrap().contains("audit:read reports:read roles:assign"), "{every}");
}

#[tokio::test]
async fn of_a_token_that_is_good_for_nothing_nothing_is_told() {
    let service = Service::start();
    let gateway = service.holding(&["tokens:introspect"]).await;
    let inactive = async |token: &str| {
        let reply = introspect(&service, &gateway, &[("token", token)]).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, r#"{"active":false}"#), "{token}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    };
    for token in ["", "nonsense", "a.b.c", "\u{0}", &"x".repeat(60_000)] {
        inactive(token).await;
    }
    let ada = service.signed_in(ADA).await;
    inactive(&ada.access[..ada.access.len() - 1]).await;
    let refreshed = service.post("/api/v1/auth/refresh", json!({"refresh_token": ada.refresh})).await;
    inactive(&ada.refresh).await;
    let ada = Tokens::of(&refreshed);
    service.post_as(&ada.access, "/api/v1/auth/logout-all", json!({})).await;
    inactive(&ada.access).await;
    inactive(&ada.refresh).await;
    let ada = service.signed_in_again(ADA).await;
    service.disable(&ada.user_id).await;
    inactive(&ada.access).await;
    let bob = service.signed_in("bob@example.com").await;
    service.clock.advance(Duration::from_mins(31));
    let gateway = service.login("tokens-introspect@example.com", PASSWORD).await;
    let expired = introspect(&service, &Tokens::of(&gateway), &[("token", &bob.access)]).await;
    assert_eq!(expired.text, r#"{"active":false}"#);
}

#[tokio::test]
async fn a_token_is_asked_about_in_a_form() {
    let service = Service::start();
    let gateway = service.holding(&["tokens:introspect"]).await;
    let send = async |media_type: &str, body: &str| {
        let request = service.request(Method::POST, INTROSPECT).header(CONTENT_TYPE, media_type);
        service.send(request.bearer_auth(&gateway.access).body(body.to_owned())).await
    };
    assert_eq!(send("application/json", r#"{"token": "x"}"#).await.problem(), "415 unsupported_media_type");
    assert_eq!(send("", "token=x").await.problem(), "415 unsupported_media_type");
    assert_eq!(send(FORM, &format!("token={}", "x".repeat(70_000))).await.problem(), "413 payload_too_large");
    assert_eq!(send(FORM, "").await.faults(), "token required");
    assert_eq!(send(FORM, "token_type_hint=access_token").await.faults(), "token required");
    assert_eq!(send(FORM, "token=x&token=x").await.faults(), "token invalid");
    assert_eq!(send("application/x-www-form-urlencoded; charset=utf-8", "token=x").await.status, 200);
    let get = service.get_as(&gateway.access, INTROSPECT).await;
    assert_eq!(get.problem(), "405 method_not_allowed");
}
