use std::time::Duration;

use insta::assert_json_snapshot;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::service::{ADA, Service, Tokens};

const REFRESH: &str = "/api/v1/auth/refresh";

#[tokio::test]
async fn a_refresh_token_is_taken_from_the_body_or_as_bearer() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let by_body = service.post(REFRESH, json!({"refresh_token": tokens.refresh})).await;
    assert_json_snapshot!(by_body.snapshot());
    let next = Tokens::of(&by_body);
    let by_bearer = service.send(service.request(Method::POST, REFRESH).bearer_auth(&next.refresh)).await;
    assert_eq!(by_bearer.status, 200);
    assert_ne!(Tokens::of(&by_bearer).refresh, next.refresh);
}

#[tokio::test]
async fn the_body_counts_where_both_are_given() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let body = json!({"refresh_token": tokens.refresh});
    assert_eq!(service.post_as("an expired access token", REFRESH, body).await.status, 200);
    let body = json!({"refresh_token": "nonsense"});
    assert_eq!(service.post_as(&tokens.refresh, REFRESH, body).await.problem(), "401 invalid_refresh_token");
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_refresh() {
    let service = Service::start();
    let nothing = service.send(service.request(Method::POST, REFRESH)).await;
    assert_eq!(nothing.problem(), "401 unauthenticated");
    let empty = service.request(Method::POST, REFRESH).header("Content-Type", "application/json");
    assert_eq!(service.send(empty).await.problem(), "401 unauthenticated");
    let other = service.request(Method::POST, REFRESH).header("Content-Type", "text/plain").body("x");
    assert_eq!(service.send(other).await.problem(), "415 unsupported_media_type");
    assert_eq!(service.post(REFRESH, json!({})).await.faults(), "refresh_token required");
    assert_eq!(service.post(REFRESH, json!({"refresh_token": 1})).await.faults(), "refresh_token invalid");
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for text in
        ["", "x", tokens.access.as_str(), &format!("{}=", tokens.refresh), &format!(" {}", tokens.refresh)]
    {
        let reply = service.post(REFRESH, json!({"refresh_token": text})).await;
        assert_eq!(reply.problem(), "401 invalid_refresh_token", "{text}");
        assert_eq!(reply.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    }
    let twice = service
        .request(Method::POST, REFRESH)
        .header(AUTHORIZATION, format!("Bearer {}", tokens.refresh))
        .header(AUTHORIZATION, format!("Bearer {}", tokens.refresh));
    assert_eq!(service.send(twice).await.problem(), "401 invalid_refresh_token");
}

#[tokio::test]
async fn a_spent_token_ends_the_session() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let next = Tokens::of(&service.post(REFRESH, json!({"refresh_token": tokens.refresh})).await);
    let again = service.post(REFRESH, json!({"refresh_token": tokens.refresh})).await;
    assert_eq!(Tokens::of(&again).refresh, next.refresh, "a retry gets the same successor");
    service.clock.advance(Duration::from_secs(11));
    let reused = service.post(REFRESH, json!({"refresh_token": tokens.refresh})).await;
    assert_eq!(reused.problem(), "401 invalid_refresh_token");
    let ended = service.post(REFRESH, json!({"refresh_token": next.refresh})).await;
    assert_eq!(ended.problem(), "401 invalid_refresh_token");
    assert_eq!(service.get_as(&next.access, "/api/v1/auth/me").await.problem(), "401 invalid_access_token");
}

#[tokio::test]
async fn a_failing_store_leaves_the_token_good() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    service.storage.fail_next();
    let body = json!({"refresh_token": tokens.refresh});
    assert_eq!(service.post(REFRESH, body.clone()).await.problem(), "503 store_unavailable");
    assert_eq!(service.post(REFRESH, body).await.status, 200);
}
