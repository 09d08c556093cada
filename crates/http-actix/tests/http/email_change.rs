use insta::assert_json_snapshot;
use portcullis_domain::policy::{Policy, Registration};
use serde_json::json;

use crate::service::{ADA, PASSWORD, Service};

const REQUEST: &str = "/api/v1/auth/email-change";
const CONFIRM: &str = "/api/v1/auth/email-change/confirm";
const NEW: &str = "ada@example.org";

#[tokio::test]
async fn an_account_moves_once_its_new_address_confirms() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let asked = service.post_as(&one.access, REQUEST, json!({"new_email": NEW, "password": PASSWORD})).await;
    assert_json_snapshot!("asked", asked.snapshot());
    let token = service.mailed_token(NEW).await;
    let confirmed = service.post(CONFIRM, json!({"token": token})).await;
    assert_json_snapshot!("confirmed", confirmed.snapshot());
    assert_eq!(service.get_as(&one.access, "/api/v1/auth/me").await.json()["email"], NEW);
    assert_eq!(service.get_as(&other.access, "/api/v1/auth/me").await.status, 401);
    assert_eq!(service.post(CONFIRM, json!({"token": token})).await.problem(), "400 invalid_token");
    assert_eq!(service.post(CONFIRM, json!({"token": "nonsense"})).await.problem(), "400 invalid_token");
}

#[tokio::test]
async fn the_password_is_asked_for() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let wrong = json!({"new_email": NEW, "password": "wrong horse battery"});
    assert_eq!(service.post_as(&tokens.access, REQUEST, wrong).await.problem(), "403 wrong_password");
    let nothing = service.post_as(&tokens.access, REQUEST, json!({"new_email": "a,b@example.com"})).await;
    assert_eq!(nothing.faults(), "new_email invalid, password required");
}

#[tokio::test]
async fn a_taken_address_is_told_where_it_may_be() {
    let body = json!({"new_email": "bob@example.com", "password": PASSWORD});
    let service = Service::start();
    service.verified("bob@example.com").await;
    let tokens = service.signed_in(ADA).await;
    assert_eq!(service.post_as(&tokens.access, REQUEST, body.clone()).await.problem(), "409 email_taken");
}

#[tokio::test]
async fn a_private_installation_tells_the_owner_instead() {
    let service = Service::under(Policy { registration: Registration::Private, ..Policy::default() });
    for address in [ADA, "bob@example.com"] {
        service.post("/api/v1/auth/register", json!({"email": address, "password": PASSWORD})).await;
        let token = service.mailed_token(address).await;
        service.get(&format!("/api/v1/auth/verify-email/{token}")).await;
    }
    let tokens = service.signed_in_again(ADA).await;
    let ask = async |new_email: &str| {
        service.post_as(&tokens.access, REQUEST, json!({"new_email": new_email, "password": PASSWORD})).await
    };
    let (taken, free) = (ask("bob@example.com").await, ask(NEW).await);
    assert_eq!(taken.status, 202);
    assert_eq!(taken.snapshot(), free.snapshot());
}

#[tokio::test]
async fn an_address_that_was_taken_in_the_meantime_is_told() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    service.post_as(&tokens.access, REQUEST, json!({"new_email": NEW, "password": PASSWORD})).await;
    let token = service.mailed_token(NEW).await;
    service.post("/api/v1/auth/register", json!({"email": NEW, "password": PASSWORD})).await;
    assert_eq!(service.post(CONFIRM, json!({"token": token})).await.problem(), "409 email_taken");
}
