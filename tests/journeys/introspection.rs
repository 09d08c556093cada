//! Another service asks whether a token is good, and whose it is (RFC 7662).

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, ServerBuilder, SignedIn, claims};

async fn introspected(server: &Server, caller: &SignedIn, token: &str) -> Value {
    let request = server
        .request(Method::POST, "/api/v1/introspect")
        .bearer_auth(&caller.access_token)
        .form(&[("token", token)]);
    server.send(request).await.json(200)
}

#[tokio::test]
async fn another_service_learns_what_a_token_is_good_for() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("root@example.com").await;
    let service = server.holding(&admin, "service@example.com", &["tokens:introspect"]).await;
    let ada = server.holding(&admin, "ada@example.com", &["reports:read", "reports:write"]).await;

    let told = introspected(&server, &service, &ada.access_token).await;
    let claims = claims(&ada.access_token);
    for member in ["sub", "sid", "jti", "iat", "exp", "roles", "email_verified"] {
        assert_eq!(told[member], claims[member], "{member}");
    }
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("bearer")));
    assert_eq!(told["username"], "ada@example.com");
    assert_eq!(told["scope"], "reports:read reports:write");
    let refresh = introspected(&server, &service, &ada.refresh_token).await;
    assert_eq!((&refresh["active"], &refresh["token_type"]), (&json!(true), &json!("refresh_token")));
    assert_eq!(refresh["sub"], claims["sub"]);

    // It is told as of now, not as of when the token was issued.
    let role = server.role_called(&admin, "ada").await;
    server.delete_as(&admin.access_token, &format!("/api/v1/roles/{role}")).await.empty(204);
    let told = introspected(&server, &service, &ada.access_token).await;
    assert_eq!((&told["scope"], &told["roles"]), (&json!(""), &json!(["user"])));

    // To ask spends nothing; to refresh does.
    let renewed = server.refreshed(&ada).await;
    let inactive = json!({ "active": false });
    assert_eq!(introspected(&server, &service, &ada.refresh_token).await, inactive);
    assert_eq!(introspected(&server, &service, &renewed.refresh_token).await["active"], true);
    server
        .delete_as(&admin.access_token, &format!("/api/v1/users/{}/sessions", ada.user_id))
        .await
        .empty(204);
    for token in [&ada.access_token, &renewed.access_token, &renewed.refresh_token] {
        assert_eq!(introspected(&server, &service, token).await, inactive);
    }
    for token in ["", "nonsense", "a.b.c", &ada.access_token[1..]] {
        assert_eq!(introspected(&server, &service, token).await, inactive, "{token:?}");
    }
    let json = server.post_as(&service.access_token, "/api/v1/introspect", json!({ "token": "x" })).await;
    json.problem(415, "unsupported_media_type");
    let none = server
        .request(Method::POST, "/api/v1/introspect")
        .bearer_auth(&service.access_token)
        .form(&[("no", "token")]);
    server.send(none).await.invalid(&[("token", "required")]);
}
