use insta::assert_json_snapshot;
use serde_json::json;

use crate::service::{ADA, PASSWORD, Service};

const REQUEST: &str = "/api/v1/auth/password-reset/request";
const CONFIRM: &str = "/api/v1/auth/password-reset/confirm";
const CHANGE: &str = "/api/v1/auth/password-change";
const NEW: &str = "staple battery horse";

#[tokio::test]
async fn a_reset_is_promised_to_every_address_alike() {
    let service = Service::start();
    service.verified(ADA).await;
    let known = service.post(REQUEST, json!({"email": ADA})).await;
    let unknown = service.post(REQUEST, json!({"email": "nobody@example.com"})).await;
    assert_eq!(known.snapshot(), unknown.snapshot());
    assert_json_snapshot!(known.snapshot());
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_all_sessions() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    service.post(REQUEST, json!({"email": ADA})).await;
    let token = service.mailed_token(ADA).await;
    let body = json!({"token": token, "new_password": NEW, "password_confirm": NEW});
    assert_json_snapshot!(service.post(CONFIRM, body.clone()).await.snapshot());
    assert_eq!(service.get_as(&tokens.access, "/api/v1/auth/me").await.status, 401);
    assert_eq!(service.login(ADA, PASSWORD).await.status, 401);
    assert_eq!(service.login(ADA, NEW).await.status, 200);
    assert_eq!(service.post(CONFIRM, body).await.problem(), "400 invalid_token");
}

#[tokio::test]
async fn a_refused_password_leaves_the_link_good() {
    let service = Service::start();
    service.verified(ADA).await;
    service.post(REQUEST, json!({"email": ADA})).await;
    let token = service.mailed_token(ADA).await;
    for (new_password, confirmed, faults) in [
        ("short", None, "new_password too_short"),
        ("password123", None, "new_password common_password"),
        ("ada@example.com!", None, "new_password contains_identity"),
        (NEW, Some("something else"), "password_confirm mismatch"),
        ("short", Some("something else"), "new_password too_short"),
    ] {
        let body = json!({"token": token, "new_password": new_password, "password_confirm": confirmed});
        assert_eq!(service.post(CONFIRM, body).await.faults(), faults);
    }
    let body = json!({"token": token, "new_password": NEW, "password_confirm": null});
    assert_eq!(service.post(CONFIRM, body).await.status, 200);
}

#[tokio::test]
async fn a_confirmation_may_be_composed_differently() {
    let service = Service::start();
    service.verified(ADA).await;
    service.post(REQUEST, json!({"email": ADA})).await;
    let token = service.mailed_token(ADA).await;
    let body = json!({
        "token": token,
        "new_password": "caf\u{e9} au lait",
        "password_confirm": "cafe\u{301} au lait",
    });
    assert_eq!(service.post(CONFIRM, body).await.status, 200);
    assert_eq!(service.login(ADA, "cafe\u{301} au lait").await.status, 200);
}

#[tokio::test]
async fn a_change_needs_the_current_password_and_ends_the_other_sessions() {
    let service = Service::start();
    let (one, other) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let wrong = json!({"current_password": "wrong horse battery", "new_password": NEW});
    assert_eq!(service.post_as(&one.access, CHANGE, wrong).await.problem(), "403 wrong_password");
    let too_long = json!({"current_password": "x".repeat(129), "new_password": NEW});
    assert_eq!(service.post_as(&one.access, CHANGE, too_long).await.problem(), "403 wrong_password");
    let right = json!({"current_password": PASSWORD, "new_password": NEW});
    assert_json_snapshot!(service.post_as(&one.access, CHANGE, right).await.snapshot());
    assert_eq!(service.get_as(&one.access, "/api/v1/auth/me").await.status, 200);
    assert_eq!(service.get_as(&other.access, "/api/v1/auth/me").await.status, 401);
    assert_eq!(service.login(ADA, NEW).await.status, 200);
}

#[tokio::test]
async fn a_new_password_is_judged_before_the_current_one_is_checked() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let checked = service.hasher.verifications();
    for (new_password, faults) in [
        ("short", "new_password too_short"),
        ("password123", "new_password common_password"),
        (&"x".repeat(129), "new_password too_long"),
    ] {
        let body = json!({"current_password": "wrong horse battery", "new_password": new_password});
        assert_eq!(service.post_as(&tokens.access, CHANGE, body).await.faults(), faults);
    }
    assert_eq!(service.hasher.verifications(), checked);
    let nothing = service.post_as(&tokens.access, CHANGE, json!({})).await;
    assert_eq!(nothing.faults(), "current_password required, new_password required");
}

#[tokio::test]
async fn every_place_that_asks_for_a_password_counts_towards_one_lockout() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let wrong = "wrong horse battery";
    let change = json!({"current_password": wrong, "new_password": NEW});
    let email_change = json!({"new_email": "ada@example.org", "password": wrong});
    let deletion = json!({"password": wrong});
    let delete =
        async |body| service.call_as(&tokens.access, reqwest::Method::DELETE, "/api/v1/auth/me", body).await;
    assert_eq!(service.post_as(&tokens.access, CHANGE, change.clone()).await.status, 403);
    assert_eq!(
        service.post_as(&tokens.access, "/api/v1/auth/email-change", email_change.clone()).await.status,
        403
    );
    assert_eq!(delete(deletion.clone()).await.status, 403);
    assert_eq!(service.login(ADA, wrong).await.status, 401);
    assert_eq!(service.login(ADA, wrong).await.status, 401);
    let locked = "429 account_locked";
    assert_eq!(service.post_as(&tokens.access, CHANGE, change).await.problem(), locked);
    assert_eq!(
        service.post_as(&tokens.access, "/api/v1/auth/email-change", email_change).await.problem(),
        locked
    );
    assert_eq!(delete(deletion).await.problem(), locked);
    assert_eq!(service.login(ADA, PASSWORD).await.problem(), locked);
    assert_eq!(service.get_as(&tokens.access, "/api/v1/auth/me").await.status, 200, "live sessions go on");
}
