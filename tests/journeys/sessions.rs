use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server};

const PATH: &str = "/api/v1/auth/sessions";

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn sessions_are_listed_with_where_they_come_from_and_ended_one_by_one() {
    let server = Server::start().await;
    let email = "user@example.com";
    let here = server.signed_in(email).await;
    let login = server
        .request(Method::POST, "/api/v1/auth/login")
        .header("user-agent", "Phone/1.0")
        .json(&json!({ "email": email, "password": PASSWORD }));
    let phone = server.send(login).await.json(200);

    let list = items(&server.get_as(&here.access_token, PATH).await.json(200));
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["user_agent"], "Phone/1.0", "the newest comes first");
    assert_eq!(list[0]["ip"], "127.0.0.1");
    assert_eq!((&list[0]["current"], &list[1]["current"]), (&json!(false), &json!(true)));
    for member in ["id", "created_at", "last_used_at", "expires_at"] {
        assert!(list[0][member].is_string(), "{member}");
    }

    let path = format!("{PATH}/{}", list[0]["id"].as_str().expect("an id"));
    server.call_as(&here.access_token, Method::DELETE, &path, json!({})).await.empty(204);
    let phone_token = phone["access_token"].as_str().expect("a token");
    server.get_as(phone_token, "/api/v1/auth/me").await.problem(401, "invalid_access_token");
    server.call_as(&here.access_token, Method::DELETE, &path, json!({})).await.problem(404, "not_found");
    assert_eq!(items(&server.get_as(&here.access_token, PATH).await.json(200)).len(), 1);
}

#[tokio::test]
async fn somebody_elses_session_is_told_like_one_that_is_not_there() {
    let server = Server::start().await;
    let (ada, eve) = (server.signed_in("ada@example.com").await, server.signed_in("eve@example.com").await);
    let admin = server.administrator("root@example.com").await;
    let list = items(&server.get_as(&ada.access_token, PATH).await.json(200));
    let path = format!("{PATH}/{}", list[0]["id"].as_str().expect("an id"));
    for path in [path.as_str(), "/api/v1/auth/sessions/no-uuid"] {
        for other in [&eve, &admin] {
            server
                .call_as(&other.access_token, Method::DELETE, path, json!({}))
                .await
                .problem(404, "not_found");
        }
    }
    let body = json!({ "refresh_token": ada.refresh_token });
    server
        .post_as(&eve.access_token, "/api/v1/auth/logout", body)
        .await
        .problem(401, "invalid_refresh_token");
    assert!(!server.has_ended(&ada).await);
}
