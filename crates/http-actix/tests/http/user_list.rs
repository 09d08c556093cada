use std::time::Duration;

use serde_json::{Value, json};

use crate::service::{PASSWORD, Service, Tokens};

const USERS: &str = "/api/v1/users";

/// An administrator, then users who are called `a@example.com`, `b@…` and so on, each made after the one before.
async fn populated(addresses: &[&str]) -> (Service, Tokens) {
    let service = Service::start();
    let admin = service.administrator().await;
    for address in addresses {
        service.clock.advance(Duration::from_secs(1));
        let body = json!({"email": address, "password": PASSWORD});
        assert_eq!(service.post_as(&admin.access, USERS, body).await.status, 201);
    }
    (service, admin)
}

#[tokio::test]
async fn users_are_listed_newest_first_a_page_at_a_time() {
    let (service, admin) = populated(&["a@example.com", "b@example.com", "c@example.com"]).await;
    let list = async |query: &str| service.get_as(&admin.access, &format!("{USERS}?{query}")).await;
    let everybody = ["c@example.com", "b@example.com", "a@example.com", "admin@example.com"];
    let all = list("").await;
    assert_eq!(all.each("email"), everybody);
    assert_eq!(all.json()["next_cursor"], Value::Null);
    assert_eq!(all.json()["items"][3], service.get_as(&admin.access, "/api/v1/users/me").await.json());
    for limit in 1..=5 {
        let mut seen = Vec::new();
        let mut query = format!("limit={limit}");
        loop {
            let page = list(&query).await;
            let emails = page.each("email");
            assert!(emails.len() <= limit);
            seen.extend(emails);
            let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
            query = format!("limit={limit}&cursor={cursor}");
        }
        assert_eq!(seen, everybody, "{limit} at a time");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_query_and_no_other() {
    let (service, admin) = populated(&["a@example.com", "b@example.com", "c@example.com"]).await;
    let list = async |query: &str| service.get_as(&admin.access, &format!("{USERS}?{query}")).await;
    let first = list("limit=1&is_active=true").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = list(&format!("cursor={cursor}&is_active=true&limit=200")).await;
    assert_eq!(rest.each("email").len(), 3, "the limit may change");
    for other in ["", "is_active=false", "is_active=true&q=a", "is_active=true&email_verified=true"] {
        assert_eq!(list(&format!("cursor={cursor}&{other}")).await.faults(), "cursor invalid", "{other}");
    }
    let mut forged = cursor.clone().into_bytes();
    forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
    for cursor in [String::from_utf8(forged).unwrap().as_str(), "", "nonsense", "%00", &cursor[1..]] {
        let reply = list(&format!("cursor={cursor}&is_active=true")).await;
        assert_eq!(reply.faults(), "cursor invalid", "{cursor}");
    }
    let audit = service.get_as(&admin.access, &format!("/api/v1/audit-events?cursor={cursor}")).await;
    assert_eq!(audit.faults(), "cursor invalid");
}

#[tokio::test]
async fn users_are_found_by_how_they_begin_and_by_what_they_are_like() {
    let (service, admin) = populated(&["a@example.com", "b@example.com", "c@example.com"]).await;
    let names = service.get_as(&admin.access, USERS).await.each("id");
    let change = async |id: &str, body: Value| {
        assert_eq!(service.patch_as(&admin.access, &format!("{USERS}/{id}"), body).await.status, 200);
    };
    change(&names[0], json!({"username": "Zed", "is_active": false})).await;
    change(&names[1], json!({"first_name": "Zoë"})).await;
    change(&names[2], json!({"last_name": "zimmer"})).await;
    let analyst = service.role("analyst", &["reports:read"]).await;
    let path = format!("{USERS}/{}/roles/{analyst}", names[1]);
    assert_eq!(service.post_as(&admin.access, &path, json!({})).await.status, 204);
    let (a, b, c, boss) = ("a@example.com", "b@example.com", "c@example.com", "admin@example.com");
    for (query, found) in [
        ("q=z", vec![c, b, a]),
        ("q=ZO%C3%8B", vec![b]),
        ("q=+zim", vec![a]),
        ("q=a", vec![a, boss]),
        ("q=A%40EXAMPLE", vec![a]),
        ("q=%25", vec![]),
        ("q=_", vec![]),
        ("q=example.com", vec![]),
        ("role=admin", vec![boss]),
        ("role=analyst", vec![b]),
        ("role=user", vec![c, b, a, boss]),
        ("role=analyst&q=a", vec![]),
        ("is_active=false", vec![c]),
        ("is_active=true&q=z", vec![b, a]),
        ("email_verified=true", vec![boss]),
        ("email_verified=false&is_active=true", vec![b, a]),
        ("unknown=parameter", vec![c, b, a, boss]),
    ] {
        let reply = service.get_as(&admin.access, &format!("{USERS}?{query}")).await;
        assert_eq!(reply.status, 200, "{query}");
        assert_eq!(reply.each("email"), found, "{query}");
    }
}

#[tokio::test]
async fn every_fault_of_a_query_is_told() {
    let (service, admin) = populated(&[]).await;
    let long = format!("q={}", "x".repeat(256));
    for (query, faults) in [
        ("limit=0", "limit invalid"),
        ("limit=201", "limit invalid"),
        ("limit=-1", "limit invalid"),
        ("limit=%2B1", "limit invalid"),
        ("limit=", "limit invalid"),
        ("limit=1.0", "limit invalid"),
        ("limit=99999999999999999999", "limit invalid"),
        ("limit=1&limit=1", "limit invalid"),
        ("q=", "q too_short"),
        ("q=%20", "q too_short"),
        ("q=%00", "q invalid"),
        ("limit=%FF", "limit invalid"),
        ("%FF=x&is_active=%C3%28", "is_active invalid"),
        ("role=%&%&=&limit=%F", "limit invalid, role unknown"),
        (long.as_str(), "q too_long"),
        ("role=nobody", "role unknown"),
        ("role=", "role unknown"),
        ("role=No%20name", "role unknown"),
        ("is_active=TRUE", "is_active invalid"),
        ("email_verified=1", "email_verified invalid"),
        (
            "is_active=&limit=x&q=&email_verified=no&cursor=x",
            "limit invalid, q too_short, email_verified invalid, is_active invalid",
        ),
    ] {
        let reply = service.get_as(&admin.access, &format!("{USERS}?{query}")).await;
        assert_eq!(reply.faults(), faults, "{query}");
    }
}
