use std::io::Write as _;
use std::process::Stdio;

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

const ME: &str = "/api/v1/auth/me";

#[tokio::test]
async fn a_deleted_account_leaves_nothing_behind() {
    let server = Server::start().await;
    let email = "leaver@example.com";
    let signed_in = server.signed_in(email).await;
    let wrong = json!({ "password": "NotMyPassword1" });
    server.call_as(&signed_in.access_token, Method::DELETE, ME, wrong).await.problem(403, "wrong_password");
    let right = json!({ "password": PASSWORD });
    server.call_as(&signed_in.access_token, Method::DELETE, ME, right).await.empty(204);
    assert!(server.has_ended(&signed_in).await);
    let login = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/login", login.clone()).await.problem(401, "invalid_credentials");
    // The address is free again.
    server.post("/api/v1/auth/register", login).await.json(201);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::start().await;
    let mut create = server
        .command(&["user", "create", "--email", "root@example.com", "--admin", "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    create.stdin.take().expect("piped").write_all(PASSWORD.as_bytes()).expect("the password is read");
    assert!(create.wait().expect("a child can be waited for").success());

    let admin = server.login("root@example.com", PASSWORD).await;
    let me = server.get_as(&admin.access_token, ME).await.json(200);
    assert_eq!(me["roles"], json!(["admin", "user"]));
    assert_eq!(me["email_verified"], true);
    let right = json!({ "password": PASSWORD });
    server.call_as(&admin.access_token, Method::DELETE, ME, right).await.problem(409, "last_admin");
    assert!(!server.has_ended(&admin).await);
}
