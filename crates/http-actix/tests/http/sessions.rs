use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, Service};

const LOGOUT: &str = "/api/v1/auth/logout";
const SESSIONS: &str = "/api/v1/auth/sessions";
const ME: &str = "/api/v1/auth/me";

#[tokio::test]
async fn a_logout_without_a_body_ends_the_session_of_the_call() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let reply = service.send(service.request(Method::POST, LOGOUT).bearer_auth(&one.access)).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(service.get_as(&one.access, ME).await.problem(), "401 invalid_access_token");
    assert_eq!(service.get_as(&other.access, ME).await.status, 200);
    for body in [json!({}), json!({"refresh_token": null})] {
        let session = service.signed_in_again(ADA).await;
        assert_eq!(service.post_as(&session.access, LOGOUT, body).await.status, 204);
        assert_eq!(service.get_as(&session.access, ME).await.status, 401);
    }
}

#[tokio::test]
async fn a_logout_with_a_refresh_token_ends_its_session() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let reply = service.post_as(&one.access, LOGOUT, json!({"refresh_token": other.refresh})).await;
    assert_eq!(reply.status, 204);
    assert_eq!(service.get_as(&other.access, ME).await.status, 401);
    assert_eq!(service.get_as(&one.access, ME).await.status, 200);
}

#[tokio::test]
async fn nobody_ends_the_sessions_of_others() {
    let service = Service::start();
    let (ada, bob) = (service.signed_in(ADA).await, service.signed_in("bob@example.com").await);
    for token in [bob.refresh.as_str(), "nonsense"] {
        let reply = service.post_as(&ada.access, LOGOUT, json!({"refresh_token": token})).await;
        assert_eq!(reply.problem(), "401 invalid_refresh_token");
    }
    let sessions = service.get_as(&bob.access, SESSIONS).await.json();
    let id = sessions["items"][0]["id"].as_str().unwrap();
    let path = format!("{SESSIONS}/{id}");
    let reply = service.send(service.request(Method::DELETE, &path).bearer_auth(&ada.access)).await;
    assert_eq!(reply.problem(), "404 not_found");
    assert_eq!(service.get_as(&bob.access, ME).await.status, 200);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_caller() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let bob = service.signed_in("bob@example.com").await;
    let request = service.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&one.access);
    assert_eq!(service.send(request).await.status, 204);
    for (tokens, status) in [(one, 401), (other, 401), (bob, 200)] {
        assert_eq!(service.get_as(&tokens.access, ME).await.status, status);
    }
}

#[tokio::test]
async fn the_list_shows_which_session_is_the_current_one() {
    let service = Service::start();
    let (one, _other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let list = service.get_as(&one.access, SESSIONS).await;
    assert_json_snapshot!(list.snapshot());
    let current: Vec<_> =
        list.json()["items"].as_array().unwrap().iter().map(|item| item["current"].clone()).collect();
    assert_eq!(current, [false, true], "the newest comes first");
}

#[tokio::test]
async fn a_listed_session_can_be_ended_once() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let list = service.get_as(&one.access, SESSIONS).await.json();
    let path = format!("{SESSIONS}/{}", list["items"][0]["id"].as_str().unwrap());
    let end = async || service.send(service.request(Method::DELETE, &path).bearer_auth(&one.access)).await;
    assert_eq!(end().await.status, 204);
    assert_eq!(service.get_as(&other.access, ME).await.status, 401);
    assert_eq!(end().await.problem(), "404 not_found");
}
