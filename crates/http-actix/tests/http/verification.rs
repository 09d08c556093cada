use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, PASSWORD, Service};

const VERIFY: &str = "/api/v1/auth/verify";
const RESEND: &str = "/api/v1/auth/verify/resend";

async fn registered() -> Service {
    let service = Service::start();
    service.post("/api/v1/auth/register", json!({"email": ADA, "password": PASSWORD})).await;
    service
}

#[tokio::test]
async fn a_link_verifies_and_says_the_same_again() {
    let service = registered().await;
    let path = format!("/api/v1/auth/verify-email/{}", service.mailed_token(ADA).await);
    let first = service.get(&path).await;
    assert_json_snapshot!(first.snapshot());
    assert_eq!(service.get(&path).await.snapshot(), first.snapshot());
}

#[tokio::test]
async fn a_head_looks_at_a_link_and_changes_nothing() {
    let service = registered().await;
    let path = format!("/api/v1/auth/verify-email/{}", service.mailed_token(ADA).await);
    let head = service.send(service.request(Method::HEAD, &path)).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(service.login(ADA, PASSWORD).await.problem(), "403 email_not_verified");
    let get = service.get(&path).await;
    assert_eq!(get.header("content-length"), head.header("content-length"));
    assert_eq!(service.login(ADA, PASSWORD).await.status, 200);

    let nothing = format!("/api/v1/auth/verify-email/{}", "A".repeat(43));
    let head = service.send(service.request(Method::HEAD, &nothing)).await;
    let get = service.get(&nothing).await;
    assert_eq!(head.status, get.status);
    assert_eq!(head.header("content-length"), get.header("content-length"));
}

#[tokio::test]
async fn what_is_no_token_is_an_invalid_one() {
    let service = registered().await;
    let token = service.mailed_token(ADA).await;
    let padded = format!("{token}=");
    for text in ["x", "%00", "..%2F..", "%C3%28", padded.as_str(), &"A".repeat(43), &"A".repeat(5000)] {
        let reply = service.get(&format!("/api/v1/auth/verify-email/{text}")).await;
        assert_eq!(reply.problem(), "400 invalid_token", "{text}");
        assert!(!reply.text.contains(&token));
    }
    service.clock.advance(std::time::Duration::from_hours(24));
    let late = service.get(&format!("/api/v1/auth/verify-email/{token}")).await;
    assert_eq!(late.problem(), "400 invalid_token");
}

#[tokio::test]
async fn a_code_verifies_once() {
    let service = registered().await;
    service.deliver_mails().await;
    let code = service.mailer.last_code_for(ADA).unwrap();
    let body = json!({"email": " ADA@example.com ", "code": code.expose()});
    let verified = service.post(VERIFY, body.clone()).await;
    assert_eq!(verified.status, 200);
    assert_eq!(verified.json()["user"]["email_verified"], true);
    assert_eq!(service.post(VERIFY, body).await.problem(), "400 invalid_code");
}

#[tokio::test]
async fn five_wrong_codes_spend_the_code_whoever_they_are_for() {
    let service = registered().await;
    service.deliver_mails().await;
    let code = service.mailer.last_code_for(ADA).unwrap();
    let wrong = if code.expose() == "000000" { "111111" } else { "000000" };
    for address in [ADA, "nobody@example.com"] {
        for guess in [wrong, "12345", "", "１２３４５６", "not a code"] {
            let reply = service.post(VERIFY, json!({"email": address, "code": guess})).await;
            assert_eq!(reply.problem(), "400 invalid_code", "{guess} for {address}");
        }
        let reply = service.post(VERIFY, json!({"email": address, "code": code.expose()})).await;
        assert_eq!(reply.problem(), "429 too_many_attempts");
    }
}

#[tokio::test]
async fn another_mail_is_promised_to_every_address_alike() {
    let service = registered().await;
    let known = service.post(RESEND, json!({"email": ADA})).await;
    let unknown = service.post(RESEND, json!({"email": "nobody@example.com"})).await;
    assert_eq!(known.snapshot(), unknown.snapshot());
    assert_json_snapshot!(known.snapshot());
    service.storage.fail_next();
    assert_eq!(service.post(RESEND, json!({"email": ADA})).await.problem(), "503 store_unavailable");
}
