//! Roles of an application's own: their permissions reach whoever has to decide by them.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder, claims, each, id, items};

const ROLES: &str = "/api/v1/roles";

async fn cheap_server() -> Server {
    ServerBuilder::new().with_cheap_hashes().start().await
}

#[tokio::test]
async fn roles_are_made_changed_listed_and_deleted() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let body = json!({
        "name": "analyst", "description": "Reads the reports",
        "permissions": ["reports:write", "reports:read", "reports:read"],
    });
    let made = server.post_as(&admin.access_token, ROLES, body.clone()).await;
    let role = made.json(201);
    let path = format!("{ROLES}/{}", id(&role));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(role["permissions"], json!(["reports:read", "reports:write"]));
    assert_eq!(role["built_in"], false);
    assert_eq!(server.get_as(&admin.access_token, &path).await.json(200), role);
    server.post_as(&admin.access_token, ROLES, body).await.problem(409, "role_taken");

    let change = async |body| server.patch_as(&admin.access_token, &path, body).await;
    change(json!({ "name": "admin" })).await.problem(409, "role_taken");
    change(json!({ "name": "No Name", "permissions": ["reports"] }))
        .await
        .invalid(&[("name", "invalid"), ("permissions", "invalid")]);
    let renamed = change(json!({ "name": "reader", "permissions": ["reports:read"] })).await.json(200);
    assert_eq!(
        (&renamed["name"], &renamed["permissions"], &renamed["description"]),
        (&json!("reader"), &json!(["reports:read"]), &role["description"])
    );
    let replaced = json!({ "description": null });
    let replaced = server.call_as(&admin.access_token, Method::PUT, &path, replaced).await.json(200);
    assert_eq!((&replaced["description"], &replaced["name"]), (&json!(null), &json!("reader")));

    let list = server.get_as(&admin.access_token, ROLES).await.json(200);
    assert_eq!(each(items(&list), "name"), ["admin", "reader", "user"]);
    let permissions = server.get_as(&admin.access_token, "/api/v1/permissions").await.json(200);
    let names = each(items(&permissions), "name");
    assert!(names.contains(&"reports:read") && names.contains(&"users:read"), "{names:?}");
    assert!(!names.contains(&"reports:write"), "no role names it any longer");

    server.delete_as(&admin.access_token, &path).await.empty(204);
    server.get_as(&admin.access_token, &path).await.problem(404, "not_found");
    server.delete_as(&admin.access_token, &path).await.problem(404, "not_found");
}

#[tokio::test]
async fn built_in_roles_stay_as_they_are() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    for name in ["admin", "user"] {
        let path = format!("{ROLES}/{}", server.role_called(&admin, name).await);
        let before = server.get_as(&admin.access_token, &path).await.json(200);
        assert_eq!(before["built_in"], true);
        let change = json!({ "permissions": ["users:read"] });
        server.patch_as(&admin.access_token, &path, change).await.problem(409, "built_in_role");
        server
            .patch_as(&admin.access_token, &path, json!({ "name": "other" }))
            .await
            .problem(409, "built_in_role");
        server.delete_as(&admin.access_token, &path).await.problem(409, "built_in_role");
        assert_eq!(server.get_as(&admin.access_token, &path).await.json(200), before);
    }
}

#[tokio::test]
async fn permissions_of_own_roles_reach_access_tokens_and_the_reverse_proxy() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let user = server.made_user(&admin, "ada@example.com").await;
    let before = server.login("ada@example.com", PASSWORD).await;
    let reader = server.made_role(&admin, "reader", &["reports:read"]).await;
    let writer = server.made_role(&admin, "writer", &["reports:read", "reports:write"]).await;
    for role in [&reader, &writer, &writer] {
        server.grant(&admin, id(&user), role).await;
    }
    let held = format!("/api/v1/users/{}/roles", id(&user));
    let list = server.get_as(&admin.access_token, &held).await.json(200);
    assert_eq!(each(items(&list), "name"), ["reader", "user", "writer"]);

    let check = |permission: &str| format!("/api/v1/auth/check?permission={permission}");
    // The token that was issued before the roles were given serves as well here.
    let answer = server.get_as(&before.access_token, &check("reports:write")).await;
    answer.empty(204);
    assert_eq!(answer.header("x-auth-roles"), Some("reader,user,writer"));
    server.get_as(&before.access_token, &check("reports:delete")).await.problem(403, "forbidden");
    let issued = server.refreshed(&before).await;
    let told = claims(&issued.access_token);
    assert_eq!(told["roles"], json!(["reader", "user", "writer"]));
    assert_eq!(told["permissions"], json!(["reports:read", "reports:write"]));
    assert_eq!(claims(&server.login("ada@example.com", PASSWORD).await.access_token)["roles"], told["roles"]);

    for _ in 0..2 {
        server.delete_as(&admin.access_token, &format!("{held}/{writer}")).await.empty(204);
    }
    server.get_as(&issued.access_token, &check("reports:write")).await.problem(403, "forbidden");
    server.get_as(&issued.access_token, &check("reports:read")).await.empty(204);
    let issued = server.refreshed(&issued).await;
    assert_eq!(claims(&issued.access_token)["permissions"], json!(["reports:read"]));
    let everything = server.get_as(&admin.access_token, &check("reports:whatever")).await;
    everything.empty(204);
    assert_eq!(everything.header("x-auth-roles"), Some("admin,user"));
}

#[tokio::test]
async fn a_role_that_changes_or_goes_changes_what_its_holders_may() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let clerk = server.holding(&admin, "clerk@example.com", &["users:read"]).await;
    let role = server.role_called(&admin, "clerk").await;
    let path = format!("{ROLES}/{role}");
    let users = async || server.get_as(&clerk.access_token, "/api/v1/users").await.status;
    let check = "/api/v1/auth/check?permission=desk:open";
    assert_eq!(users().await, 200);
    let change = json!({ "permissions": ["desk:open"] });
    server.patch_as(&admin.access_token, &path, change).await.json(200);
    assert_eq!(users().await, 403);
    server.get_as(&clerk.access_token, check).await.empty(204);
    server.patch_as(&admin.access_token, &path, json!({ "name": "attendant" })).await.json(200);
    let answer = server.get_as(&clerk.access_token, check).await;
    assert_eq!(answer.header("x-auth-roles"), Some("attendant,user"));
    server.delete_as(&admin.access_token, &path).await.empty(204);
    server.get_as(&clerk.access_token, check).await.problem(403, "forbidden");
    let me = server.get_as(&clerk.access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["roles"], json!(["user"]));
}
