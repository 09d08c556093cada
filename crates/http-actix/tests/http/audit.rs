use std::time::Duration;

use insta::assert_json_snapshot;
use portcullis_domain::audit::AuditKind;
use reqwest::Method;
use reqwest::header::USER_AGENT;
use serde_json::{Value, json};

use crate::service::{ADA, PASSWORD, Service};

const EVENTS: &str = "/api/v1/audit-events";

#[tokio::test]
async fn what_happened_is_told_newest_first() {
    let service = Service::start();
    let auditor = service.administrator().await;
    service.clock.advance(Duration::from_mins(1));
    let ada = service.signed_in(ADA).await;
    service.clock.advance(Duration::from_mins(1));
    let failed = service
        .request(Method::POST, "/api/v1/auth/login")
        .header(USER_AGENT, "curl/8\u{9}")
        .json(&json!({"email": ADA, "password": "wrong horse battery"}));
    assert_eq!(service.send(failed).await.status, 401);
    service.clock.advance(Duration::from_mins(1));
    let path = format!("/api/v1/users/{}", ada.user_id);
    assert_eq!(service.patch_as(&auditor.access, &path, json!({"is_active": false})).await.status, 200);
    let list = service.get_as(&auditor.access, EVENTS).await;
    assert_json_snapshot!(list.snapshot());
    for secret in [ADA, PASSWORD, ada.access.as_str(), ada.refresh.as_str()] {
        assert!(!list.text.contains(secret), "{secret} is in the audit trail");
    }
}

#[tokio::test]
async fn events_are_found_by_who_what_and_when() {
    let service = Service::start();
    service.administrator().await;
    let registration = json!({"email": ADA, "password": PASSWORD});
    let ada = service.post("/api/v1/auth/register", registration).await.json();
    let id = ada["id"].as_str().unwrap();
    service.clock.advance(Duration::from_mins(1));
    let token = service.mailed_token(ADA).await;
    service.get(&format!("/api/v1/auth/verify-email/{token}")).await;
    service.signed_in_again(ADA).await;
    service.clock.advance(Duration::from_hours(24));
    let rename = json!({"name": "Ada"});
    let auditor = service.signed_in_again("admin@example.com").await.access;
    let path = format!("/api/v1/users/{id}");
    service.clock.advance(Duration::from_mins(1));
    assert_eq!(service.patch_as(&auditor, &path, rename).await.status, 200);
    let kinds = async |query: &str| {
        let reply = service.get_as(&auditor, &format!("{EVENTS}?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text);
        reply.each("kind")
    };
    let of_ada = kinds(&format!("user_id={id}")).await;
    assert_eq!(of_ada, ["user_update", "login", "email_verification", "registration"]);
    assert_eq!(kinds("kind=login").await, ["login", "login", "login"]);
    assert_eq!(kinds(&format!("kind=login&user_id={id}")).await, ["login"]);
    assert_eq!(kinds("kind=signing_key_rotation").await, Vec::<String>::new());
    let (noon, day_two) = ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00%2B00:00");
    assert_eq!(kinds(&format!("since={day_two}")).await, ["user_update", "login"]);
    let day_one = kinds(&format!("since={noon}&until={day_two}")).await;
    assert_eq!(day_one.len() + 2, kinds("").await.len());
    assert_eq!(kinds(&format!("until={noon}")).await, Vec::<String>::new());
    assert_eq!(kinds("until=1969-12-31T23:59:59Z").await, Vec::<String>::new());
    assert_eq!(kinds("since=2026-03-02T14:00:00%2B02:00").await, ["user_update", "login"]);
    for kind in AuditKind::ALL {
        kinds(&format!("kind={}", kind.name())).await;
    }
}

#[tokio::test]
async fn events_come_a_page_at_a_time() {
    let service = Service::start();
    let admin = service.administrator().await;
    for _ in 0..5 {
        service.signed_in_again("admin@example.com").await;
    }
    let list = async |query: &str| service.get_as(&admin.access, &format!("{EVENTS}?{query}")).await;
    let all = list("kind=login&limit=200").await;
    assert_eq!((all.each("id").len(), all.json()["next_cursor"].clone()), (6, Value::Null));
    let mut seen = Vec::new();
    let mut query = "kind=login&limit=4".to_owned();
    loop {
        let page = list(&query).await;
        seen.extend(page.each("id"));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
        assert_eq!(list(&format!("cursor={cursor}")).await.faults(), "cursor invalid", "of another query");
        query = format!("kind=login&limit=1&cursor={cursor}");
    }
    assert_eq!(seen, all.each("id"));
}

#[tokio::test]
async fn every_fault_of_a_query_is_told() {
    let service = Service::start();
    let admin = service.administrator().await;
    for (query, faults) in [
        (
            "user_id=1&kind=nonsense&since=now&until=&limit=0",
            "user_id invalid, kind unknown, since invalid, until invalid, limit invalid",
        ),
        ("user_id=", "user_id invalid"),
        ("kind=", "kind unknown"),
        ("kind=Login", "kind unknown"),
        ("since=2026-03-01", "since invalid"),
        ("since=2026-03-01T00:00:00", "since invalid"),
        ("since=1772366400", "since invalid"),
        ("until=2026-02-30T00:00:00Z", "until invalid"),
        ("until=2026-03-01T00:00:00Z&until=2026-03-01T00:00:00Z", "until invalid"),
        ("cursor=nonsense", "cursor invalid"),
    ] {
        let reply = service.get_as(&admin.access, &format!("{EVENTS}?{query}")).await;
        assert_eq!(reply.faults(), faults, "{query}");
    }
}
