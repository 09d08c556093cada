use insta::assert_json_snapshot;
use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{EmailVerification, Policy, Registration};
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, PASSWORD, Service};

const REGISTER: &str = "/api/v1/auth/register";

fn everything() -> serde_json::Value {
    json!({
        "email": " Ada@Example.com ",
        "password": PASSWORD,
        "username": "Countess",
        "name": " Ada Lovelace ",
        "first_name": "Ada",
        "last_name": "Lovelace",
    })
}

#[tokio::test]
async fn a_registration_answers_with_the_user_and_where_they_are_found() {
    let service = Service::start();
    let reply = service.post(REGISTER, everything()).await;
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), Some(format!("/api/v1/users/{id}").as_str()));
    assert_json_snapshot!(reply.snapshot());
}

#[tokio::test]
async fn all_but_address_and_password_is_optional_and_null_means_absent() {
    let service = Service::start();
    let minimal = service.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(minimal.status, 201);
    assert_eq!(minimal.json()["username"], json!(null));
    let nulls = json!({
        "email": "bob@example.com", "password": PASSWORD,
        "username": null, "name": null, "first_name": null, "last_name": null,
    });
    assert_eq!(service.post(REGISTER, nulls).await.status, 201);
}

#[tokio::test]
async fn where_verification_is_optional_the_new_user_is_signed_in() {
    let policy = Policy { email_verification: EmailVerification::Optional, ..Policy::default() };
    let service = Service::under(policy);
    let reply = service.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await;
    assert_json_snapshot!(reply.snapshot());
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(service.get_as(&token, "/api/v1/auth/me").await.status, 200);
}

#[tokio::test]
async fn a_private_installation_answers_alike_for_free_and_taken_addresses() {
    let service = Service::under(Policy { registration: Registration::Private, ..Policy::default() });
    let of_free_address = service.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await;
    let token = service.mailed_token(ADA).await;
    service.get(&format!("/api/v1/auth/verify-email/{token}")).await;
    let of_taken_address = service.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(of_free_address.snapshot(), of_taken_address.snapshot());
    assert_json_snapshot!(of_free_address.snapshot());
    service.deliver_mails().await;
    assert!(matches!(service.mailer.last_to(ADA).unwrap().content, MailContent::AddressAlreadyRegistered));
}

#[tokio::test]
async fn taken_names_and_closed_doors_are_told() {
    let service = Service::start();
    service.post(REGISTER, everything()).await;
    let same_address = json!({"email": "ADA@example.com", "password": PASSWORD});
    assert_eq!(service.post(REGISTER, same_address).await.problem(), "409 email_taken");
    let same_username = json!({"email": "eve@example.com", "password": PASSWORD, "username": "countess"});
    assert_eq!(service.post(REGISTER, same_username).await.problem(), "409 username_taken");

    let closed = Service::under(Policy { registration: Registration::Closed, ..Policy::default() });
    assert_eq!(closed.post(REGISTER, everything()).await.problem(), "403 registration_closed");
}

#[tokio::test]
async fn what_the_policy_says_of_a_password_is_told_at_its_field() {
    let service = Service::start();
    let faults = async |password: &str| {
        let body = json!({"email": "ada.lovelace@example.com", "password": password, "username": "countess"});
        service.post(REGISTER, body).await.faults()
    };
    assert_eq!(faults("password123").await, "password common_password");
    assert_eq!(faults("the-COUNTESS-of").await, "password contains_identity");
    assert_eq!(faults("my ada.lovelace pw").await, "password contains_identity");
    assert_eq!(faults("1234567").await, "password too_short");
    assert_eq!(faults(&"x".repeat(129)).await, "password too_long");
}

#[tokio::test]
async fn what_a_body_cannot_decide_is_inert() {
    let service = Service::start();
    let mut body = everything();
    body["id"] = json!("00000000-0000-7000-8000-000000000000");
    body["roles"] = json!(["admin"]);
    body["is_active"] = json!(false);
    body["email_verified"] = json!(true);
    body["created_at"] = json!("1970-01-01T00:00:00Z");
    let reply = service.post(REGISTER, body).await.json();
    assert_ne!(reply["id"], "00000000-0000-7000-8000-000000000000");
    assert_eq!(reply["roles"], json!(["user"]));
    assert_eq!(reply["is_active"], true);
    assert_eq!(reply["email_verified"], false);
    assert_eq!(reply["created_at"], "2026-03-01T12:00:00Z");
}

#[tokio::test]
async fn the_mail_is_in_the_language_that_the_client_prefers() {
    let service = Service::start();
    for (address, accepted, expected) in [
        ("a@example.com", "de-AT, en;q=0.5", "de"),
        ("b@example.com", "fr", "en"),
        ("c@example.com", "de;q=0.1, en;q=0.9", "en"),
    ] {
        let request = service.request(Method::POST, REGISTER).header("Accept-Language", accepted);
        let body = json!({"email": address, "password": PASSWORD});
        assert_eq!(service.send(request.json(&body)).await.status, 201);
        service.deliver_mails().await;
        assert_eq!(service.mailer.last_to(address).unwrap().locale.as_str(), expected);
    }
}

#[tokio::test]
async fn a_busy_hasher_and_a_missing_store_ask_for_patience() {
    let service = Service::start();
    service.hasher.set_overloaded(true);
    assert_eq!(service.post(REGISTER, everything()).await.problem(), "503 overloaded");
    service.hasher.set_overloaded(false);
    service.storage.fail_next();
    assert_eq!(service.post(REGISTER, everything()).await.problem(), "503 store_unavailable");
    assert_eq!(service.post(REGISTER, everything()).await.status, 201, "nothing was stored before");
}
