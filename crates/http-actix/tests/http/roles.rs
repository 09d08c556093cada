use insta::assert_json_snapshot;
use portcullis_domain::Role;
use portcullis_testkit::fixtures::numbered_permissions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADA, Service};

const ROLES: &str = "/api/v1/roles";

#[tokio::test]
async fn a_role_is_made_as_it_is_asked_for() {
    let service = Service::start();
    let admin = service.administrator().await;
    let body = json!({
        "name": "analyst", "description": " Reads the reports ",
        "permissions": ["users:read", "reports:read", "users:read"],
        "id": "00000000-0000-7000-8000-000000000000", "built_in": true,
    });
    let made = service.post_as(&admin.access, ROLES, body).await;
    assert_json_snapshot!(made.snapshot());
    let location = made.header("location").unwrap();
    assert_eq!(service.get_as(&admin.access, location).await.json(), made.json());
    for body in [json!({"name": "plain"}), json!({"name": "void", "description": null, "permissions": null})]
    {
        let made = service.post_as(&admin.access, ROLES, body).await.json();
        assert_eq!((&made["description"], &made["permissions"]), (&Value::Null, &json!([])));
    }
    assert_eq!(
        service.get_as(&admin.access, ROLES).await.each("name"),
        ["admin", "analyst", "plain", "user", "void"]
    );
}

#[tokio::test]
async fn the_built_in_roles_are_listed_and_stay_as_they_are() {
    let service = Service::start();
    let admin = service.administrator().await;
    let list = service.get_as(&admin.access, ROLES).await;
    assert_json_snapshot!(list.snapshot());
    for id in list.each("id") {
        let path = format!("{ROLES}/{id}");
        let change = service.patch_as(&admin.access, &path, json!({"permissions": []})).await;
        assert_eq!(change.problem(), "409 built_in_role");
        assert_eq!(service.delete_as(&admin.access, &path).await.problem(), "409 built_in_role");
    }
    assert_eq!(service.get_as(&admin.access, ROLES).await.json(), list.json());
}

#[tokio::test]
async fn a_change_of_a_role_keeps_sets_and_clears_by_put_as_by_patch() {
    let service = Service::start();
    let admin = service.administrator().await;
    let path = format!("{ROLES}/{}", service.role("analyst", &["reports:read"]).await);
    for method in [Method::PATCH, Method::PUT] {
        let change = async |body: Value| {
            let reply = service.call_as(&admin.access, method.clone(), &path, body).await;
            assert_eq!(reply.status, 200);
            let role = reply.json();
            ["name", "description", "permissions"].map(|field| role[field].clone())
        };
        let set = change(json!({"name": "auditor", "description": "Audits", "permissions": ["audit:read"]}));
        let set = set.await;
        assert_eq!(set, [json!("auditor"), json!("Audits"), json!(["audit:read"])]);
        assert_eq!(change(json!({})).await, set);
        assert_eq!(change(json!({"name": "auditor"})).await, set, "its own name is no other role's");
        let cleared = change(json!({"description": null, "permissions": []})).await;
        assert_eq!(cleared, [json!("auditor"), Value::Null, json!([])]);
        change(json!({"permissions": ["audit:read"]})).await;
        assert_eq!(change(json!({"permissions": null})).await, cleared);
    }
}

#[tokio::test]
async fn every_fault_of_a_role_is_told() {
    let service = Service::start();
    let admin = service.administrator().await;
    let path = format!("{ROLES}/{}", service.role("analyst", &[]).await);
    let nulls = json!({"name": null, "description": null, "permissions": null});
    assert_eq!(service.post_as(&admin.access, ROLES, nulls.clone()).await.faults(), "name required");
    assert_eq!(service.patch_as(&admin.access, &path, nulls).await.faults(), "name required");
    for (body, faults) in [
        (
            json!({"name": "x", "description": "", "permissions": "users:read"}),
            "name too_short, description too_short, permissions invalid",
        ),
        (
            json!({"name": "x".repeat(65), "description": "x".repeat(501), "permissions": ["users"]}),
            "name too_long, description too_long, permissions invalid",
        ),
        (
            json!({"name": "Analyst", "description": "a\u{202e}b", "permissions": [1]}),
            "name invalid, description invalid, permissions invalid",
        ),
        (
            json!({"name": 1, "description": true, "permissions": {"users:read": true}}),
            "name invalid, description invalid, permissions invalid",
        ),
        (
            json!({"name": " analyst2", "permissions": ["users:read", "Users:read"]}),
            "name invalid, permissions invalid",
        ),
    ] {
        assert_eq!(service.post_as(&admin.access, ROLES, body.clone()).await.faults(), faults);
        assert_eq!(service.patch_as(&admin.access, &path, body).await.faults(), faults);
    }
}

#[tokio::test]
async fn what_roles_name_has_room_in_the_tokens_of_administrators() {
    let service = Service::start();
    let admin = service.administrator().await;
    let most = Role::MAX_NAMED_OCTETS / 64;
    let body = |name: &str, numbers| {
        let permissions: Vec<_> = numbered_permissions(numbers).iter().map(ToString::to_string).collect();
        json!({"name": name, "permissions": permissions})
    };
    let refused = service.post_as(&admin.access, ROLES, body("whole", 0..most + 1)).await;
    assert_eq!(refused.faults(), "permissions too_long");
    let made = service.post_as(&admin.access, ROLES, body("half", 0..most / 2)).await;
    assert_eq!(made.status, 201);
    let made = service.post_as(&admin.access, ROLES, body("other", most / 2..most)).await;
    let path = format!("{ROLES}/{}", made.json()["id"].as_str().unwrap());
    let beyond = service.patch_as(&admin.access, &path, body("other", most / 2..most + 1)).await;
    assert_eq!(beyond.faults(), "permissions too_long");
    let beyond = service.post_as(&admin.access, ROLES, json!({"name": "one", "permissions": ["a:b"]})).await;
    assert_eq!(beyond.faults(), "permissions too_long");
    let less = service.patch_as(&admin.access, &path, body("other", most / 2..most - 1)).await;
    assert_eq!(less.status, 200);
}

#[tokio::test]
async fn the_name_of_a_role_is_had_by_one() {
    let service = Service::start();
    let admin = service.administrator().await;
    service.role("analyst", &[]).await;
    let other = service.role("editor", &[]).await;
    for name in ["analyst", "admin", "user"] {
        let body = json!({"name": name});
        assert_eq!(service.post_as(&admin.access, ROLES, body.clone()).await.problem(), "409 role_taken");
        let change = service.patch_as(&admin.access, &format!("{ROLES}/{other}"), body).await;
        assert_eq!(change.problem(), "409 role_taken");
    }
}

#[tokio::test]
async fn a_role_is_given_and_taken_at_once_and_as_often_as_one_likes() {
    let service = Service::start();
    let (admin, ada) = (service.administrator().await, service.signed_in(ADA).await);
    let role = service.role("reader", &["users:read"]).await;
    let (held, path) = (
        format!("/api/v1/users/{}/roles", ada.user_id),
        format!("/api/v1/users/{}/roles/{role}", ada.user_id),
    );
    let sees = async || service.get_as(&ada.access, "/api/v1/users").await.status.as_u16();
    for _ in 0..2 {
        let given = service.send(service.request(Method::POST, &path).bearer_auth(&admin.access)).await;
        assert_eq!((given.status.as_u16(), given.text.as_str()), (204, ""));
        assert_eq!(sees().await, 200);
        assert_eq!(service.get_as(&admin.access, &held).await.each("name"), ["reader", "user"]);
    }
    for _ in 0..2 {
        let taken = service.delete_as(&admin.access, &path).await;
        assert_eq!((taken.status.as_u16(), taken.text.as_str()), (204, ""));
        assert_eq!(sees().await, 403);
        assert_eq!(service.get_as(&admin.access, &held).await.each("name"), ["user"]);
    }
}

#[tokio::test]
async fn a_change_of_a_role_counts_for_its_holders_at_once() {
    let service = Service::start();
    let (admin, ada) = (service.administrator().await, service.signed_in(ADA).await);
    service.set_roles(&ada.user_id, &[("reader", &["users:read"])]).await;
    let path = format!("{ROLES}/{}", service.role("reader", &[]).await);
    let sees = async || service.get_as(&ada.access, "/api/v1/users").await.status.as_u16();
    assert_eq!(sees().await, 200);
    service.patch_as(&admin.access, &path, json!({"permissions": ["reports:read"]})).await;
    assert_eq!(sees().await, 403);
    service.patch_as(&admin.access, &path, json!({"permissions": ["users:read"]})).await;
    assert_eq!(sees().await, 200);
    assert_eq!(service.delete_as(&admin.access, &path).await.status, 204);
    assert_eq!(sees().await, 403);
    assert_eq!(service.get_as(&admin.access, &path).await.problem(), "404 not_found");
    assert_eq!(service.delete_as(&admin.access, &path).await.problem(), "404 not_found");
}

#[tokio::test]
async fn nobody_hands_out_what_they_lack() {
    let service = Service::start();
    let clerk = service.holding(&["roles:read", "roles:write", "roles:assign", "users:read"]).await;
    let ada = service.signed_in(ADA).await;
    let (within, beyond) =
        (service.role("reader", &["users:read"]).await, service.role("auditor", &["audit:read"]).await);
    let admin = service.role("admin", &[]).await;
    let create = json!({"name": "spy", "permissions": ["users:read", "audit:read"]});
    assert_eq!(service.post_as(&clerk.access, ROLES, create).await.problem(), "403 forbidden");
    let grow = json!({"permissions": ["audit:read"]});
    let grown = service.patch_as(&clerk.access, &format!("{ROLES}/{within}"), grow).await;
    assert_eq!(grown.problem(), "403 forbidden");
    let beyond_path = format!("{ROLES}/{beyond}");
    let shrunk = service.patch_as(&clerk.access, &beyond_path, json!({"permissions": []})).await;
    assert_eq!(shrunk.problem(), "403 forbidden");
    assert_eq!(service.delete_as(&clerk.access, &beyond_path).await.problem(), "403 forbidden");
    for (role, expected) in [(within, 204), (beyond, 403), (admin, 403)] {
        let path = format!("/api/v1/users/{}/roles/{role}", ada.user_id);
        assert_eq!(service.post_as(&clerk.access, &path, json!({})).await.status, expected);
        assert_eq!(service.delete_as(&clerk.access, &path).await.status, expected);
    }
    let auditor = service.holding(&["audit:read"]).await;
    let path = format!("/api/v1/users/{}/roles/{within}", auditor.user_id);
    assert_eq!(service.post_as(&clerk.access, &path, json!({})).await.problem(), "403 forbidden");
}

#[tokio::test]
async fn the_last_administrator_keeps_the_role() {
    let service = Service::start();
    let admin = service.administrator().await;
    let role = service.role("admin", &[]).await;
    let path = |user: &str| format!("/api/v1/users/{user}/roles/{role}");
    let taken = service.delete_as(&admin.access, &path(&admin.user_id)).await;
    assert_eq!(taken.problem(), "409 last_admin");
    let ada = service.signed_in(ADA).await;
    assert_eq!(service.post_as(&admin.access, &path(&ada.user_id), json!({})).await.status, 204);
    assert_eq!(service.delete_as(&ada.access, &path(&admin.user_id)).await.status, 204);
    assert_eq!(service.get_as(&admin.access, ROLES).await.problem(), "403 forbidden");
}

#[tokio::test]
async fn permissions_are_the_products_own_and_those_that_roles_name() {
    let service = Service::start();
    let admin = service.administrator().await;
    service.role("analyst", &["reports:read", "users:read"]).await;
    assert_json_snapshot!(service.get_as(&admin.access, "/api/v1/permissions").await.snapshot());
}

#[tokio::test]
async fn a_role_of_no_user_and_a_user_of_no_role_are_not_found() {
    let service = Service::start();
    let admin = service.administrator().await;
    let role = service.role("reader", &[]).await.to_string();
    let nothing = "00000000-0000-7000-8000-00000000ffff";
    for (user, role) in [(nothing, role.as_str()), (&admin.user_id, nothing), (&admin.user_id, "no-uuid")] {
        let path = format!("/api/v1/users/{user}/roles/{role}");
        for method in [Method::POST, Method::DELETE] {
            let reply = service.call_as(&admin.access, method, &path, json!({})).await;
            assert_eq!(reply.problem(), "404 not_found", "{path}");
        }
    }
}
