//! What administrators do with accounts, beginning with the first one, whom an operator makes.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder, each, id, items};

const USERS: &str = "/api/v1/users";
const LOGIN: &str = "/api/v1/auth/login";

async fn cheap_server() -> Server {
    ServerBuilder::new().with_cheap_hashes().start().await
}

#[tokio::test]
async fn accounts_are_made_seen_changed_and_erased() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let body = json!({
        "email": "Ada@example.com", "password": PASSWORD, "username": "ada", "name": "Ada Lovelace",
        "first_name": "Ada", "last_name": "Lovelace", "email_verified": true, "roles": ["admin"],
    });
    let made = server.post_as(&admin.access_token, USERS, body.clone()).await;
    let ada = made.json(201);
    let path = format!("{USERS}/{}", id(&ada));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    for member in ["email", "username", "name", "first_name", "last_name", "email_verified"] {
        assert_eq!(ada[member], body[member], "{member}");
    }
    assert_eq!((&ada["roles"], &ada["is_active"]), (&json!(["admin", "user"]), &json!(true)));
    assert!(server.mails_to("ada@example.com").await.is_empty(), "who is verified already is not mailed");
    assert_eq!(server.get_as(&admin.access_token, &path).await.json(200), ada);
    let listed = server.walk(&admin.access_token, USERS).await;
    assert_eq!(each(&listed, "email"), ["Ada@example.com", "root@example.com"], "the newest first");

    let signed_in = server.login("ada@example.com", PASSWORD).await;
    server.get_as(&signed_in.access_token, USERS).await.json(200);
    let change = json!({ "name": "Augusta Ada King", "username": null, "last_name": "King" });
    let changed = server.patch_as(&admin.access_token, &path, change).await.json(200);
    assert_eq!((&changed["name"], &changed["username"]), (&json!("Augusta Ada King"), &json!(null)));
    assert_eq!((&changed["first_name"], &changed["last_name"]), (&json!("Ada"), &json!("King")));
    assert!(changed["updated_at"].is_string() && changed["last_login_at"].is_string());
    let replaced = json!({ "first_name": null });
    let replaced = server.call_as(&admin.access_token, Method::PUT, &path, replaced).await.json(200);
    assert_eq!((&replaced["first_name"], &replaced["name"]), (&json!(null), &changed["name"]));
    assert!(!server.has_ended(&signed_in).await);

    server.delete_as(&admin.access_token, &path).await.empty(204);
    assert!(server.has_ended(&signed_in).await);
    server.get_as(&admin.access_token, &path).await.problem(404, "not_found");
    server.delete_as(&admin.access_token, &path).await.problem(404, "not_found");
    server.post_as(&admin.access_token, USERS, body).await.json(201);
}

#[tokio::test]
async fn what_is_taken_or_unknown_makes_no_account() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let body = json!({ "email": "ada@example.com", "username": "Ada", "password": PASSWORD });
    let ada = server.post_as(&admin.access_token, USERS, body).await.json(201);
    let post = async |body| server.post_as(&admin.access_token, USERS, body).await;
    post(json!({ "email": "ADA@EXAMPLE.COM" })).await.problem(409, "email_taken");
    post(json!({ "email": "eve@example.com", "username": "aDa" })).await.problem(409, "username_taken");
    post(json!({ "email": "eve@example.com", "roles": ["wizard"] })).await.invalid(&[("roles", "unknown")]);
    let refused = json!({ "email": "eve@example.com", "password": "eve@example.com" });
    post(refused).await.invalid(&[("password", "contains_identity")]);
    let root = format!("{USERS}/{}", admin.user_id);
    let patch = async |body| server.patch_as(&admin.access_token, &root, body).await;
    patch(json!({ "email": "ada@example.com" })).await.problem(409, "email_taken");
    patch(json!({ "username": "ADA", "name": "Root" })).await.problem(409, "username_taken");
    patch(json!({ "email": null, "is_active": "no" }))
        .await
        .invalid(&[("email", "required"), ("is_active", "invalid")]);
    let listed = server.walk(&admin.access_token, USERS).await;
    assert_eq!(each(&listed, "id"), [id(&ada), &admin.user_id]);
    assert_eq!(listed[1]["name"], json!(null), "what is refused changes nothing");
    assert!(server.mails_to("eve@example.com").await.is_empty());
}

#[tokio::test]
async fn who_is_invited_sets_their_first_password_by_the_mailed_link() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let email = "ada@example.com";
    let body = json!({ "email": email, "name": "Ada" });
    let ada = server.post_as(&admin.access_token, USERS, body).await.json(201);
    assert_eq!(ada["email_verified"], false);
    let guess = json!({ "email": email, "password": "" });
    server.post(LOGIN, guess).await.problem(401, "invalid_credentials");

    let mail = server.mail_to(email, 1).await;
    assert_eq!(mail.subject, "Set the password of your new account");
    assert!(mail.links[0].contains("/reset-password?token="), "{:?}", mail.links);
    let confirm = |password: &str| json!({ "token": mail.token(), "new_password": password });
    let path = "/api/v1/auth/password-reset/confirm";
    server.post(path, confirm("short")).await.invalid(&[("new_password", "too_short")]);
    server.post(path, confirm(PASSWORD)).await.json(200);
    server.post(path, confirm(PASSWORD)).await.problem(400, "invalid_token");
    let signed_in = server.login(email, PASSWORD).await;
    let me = server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!((&me["id"], &me["email_verified"]), (&ada["id"], &json!(true)));
}

#[tokio::test]
async fn an_invitation_lives_as_long_as_is_configured() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_INVITE_TTL", "1s")
        .with("PORTCULLIS_RESET_TTL", "1h")
        .start()
        .await;
    let admin = server.administrator("root@example.com").await;
    let body = json!({ "email": "ada@example.com" });
    server.post_as(&admin.access_token, USERS, body).await.json(201);
    let token = server.mail_to("ada@example.com", 1).await.token().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let confirm = json!({ "token": token, "new_password": PASSWORD });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.problem(400, "invalid_token");
    // A reset is another way in, which takes the same mailbox.
    let token = server.reset_token("ada@example.com", 2).await;
    let confirm = json!({ "token": token, "new_password": PASSWORD });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);
    server.login("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn where_registration_is_closed_administrators_make_accounts() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_REGISTRATION", "closed").start().await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body.clone()).await.problem(403, "registration_closed");
    let admin = server.administrator("root@example.com").await;
    let ada = server.post_as(&admin.access_token, USERS, body.clone()).await.json(201);
    server.post(LOGIN, body).await.problem(403, "email_not_verified");
    let link = server.mail_to("ada@example.com", 1).await.token().to_owned();
    server.get(&format!("/api/v1/auth/verify-email/{link}")).await.json(200);
    assert_eq!(server.login("ada@example.com", PASSWORD).await.user_id, id(&ada));
}

#[tokio::test]
async fn another_address_is_unverified_and_both_addresses_are_told() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let ada = server.signed_in("old@example.com").await;
    let reset = server.reset_token("old@example.com", 1).await;
    let path = format!("{USERS}/{}", ada.user_id);
    let moved = server.patch_as(&admin.access_token, &path, json!({ "email": "new@example.com" })).await;
    let moved = moved.json(200);
    assert_eq!((&moved["email"], &moved["email_verified"]), (&json!("new@example.com"), &json!(false)));

    let notice = server
        .nth_mail_to("old@example.com", 1, |mail| mail.subject == "Your e-mail address was changed")
        .await;
    assert!(notice.links.iter().all(|link| !link.contains("token=")), "the old address gets no way in");
    let confirm = json!({ "token": reset, "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.problem(400, "invalid_token");
    let login = |email: &str| json!({ "email": email, "password": PASSWORD });
    server.post(LOGIN, login("old@example.com")).await.problem(401, "invalid_credentials");
    server.post(LOGIN, login("new@example.com")).await.problem(403, "email_not_verified");
    let mail = server.mail_to("new@example.com", 1).await;
    server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
    server.login("new@example.com", PASSWORD).await;

    // Another spelling of the same address is no other address.
    let spelt = server.patch_as(&admin.access_token, &path, json!({ "email": "New@Example.com" })).await;
    let spelt = spelt.json(200);
    assert_eq!((&spelt["email"], &spelt["email_verified"]), (&json!("New@Example.com"), &json!(true)));
}

#[tokio::test]
async fn who_is_disabled_is_signed_out_at_the_next_call_and_may_come_back() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let (first, second) =
        (server.signed_in("ada@example.com").await, server.login("ada@example.com", PASSWORD).await);
    let reset = server.reset_token("ada@example.com", 1).await;
    let path = format!("{USERS}/{}", first.user_id);
    let disable = async |is_active: bool| {
        let body = json!({ "is_active": is_active });
        let user = server.patch_as(&admin.access_token, &path, body).await.json(200);
        assert_eq!(user["is_active"], is_active);
    };
    disable(false).await;
    assert!(server.has_ended(&first).await && server.has_ended(&second).await);
    let login = |password: &str| json!({ "email": "ada@example.com", "password": password });
    server.post(LOGIN, login(PASSWORD)).await.problem(403, "account_disabled");
    server.post(LOGIN, login("wrong horse battery")).await.problem(401, "invalid_credentials");
    let confirm = json!({ "token": reset, "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.problem(400, "invalid_token");
    disable(true).await;
    assert!(server.has_ended(&first).await, "a session that has ended stays ended");
    server.login("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn who_cannot_read_their_mails_is_verified_by_an_administrator() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let ada = server.post("/api/v1/auth/register", body.clone()).await.json(201);
    server.post(LOGIN, body).await.problem(403, "email_not_verified");
    let verify = format!("{USERS}/{}/verify", id(&ada));
    for _ in 0..2 {
        let verified = server.post_as(&admin.access_token, &verify, json!({})).await.json(200);
        assert_eq!(verified["email_verified"], true);
    }
    server.login("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn who_is_locked_out_is_let_in_again() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_LOCKOUT_THRESHOLD", "2").start().await;
    let admin = server.administrator("root@example.com").await;
    server.made_user(&admin, "ada@example.com").await;
    let ada = server.login("ada@example.com", PASSWORD).await;
    let login = |password: &str| json!({ "email": "ada@example.com", "password": password });
    for _ in 0..2 {
        server.post(LOGIN, login("wrong horse battery")).await.problem(401, "invalid_credentials");
    }
    server.post(LOGIN, login(PASSWORD)).await.problem(429, "account_locked");
    let unlock = format!("{USERS}/{}/unlock", ada.user_id);
    let unlocked = server.post_as(&admin.access_token, &unlock, json!({})).await.json(200);
    assert_eq!(unlocked["id"], ada.user_id);
    server.login("ada@example.com", PASSWORD).await;
    for _ in 0..2 {
        server.post(LOGIN, login("wrong horse battery")).await.problem(401, "invalid_credentials");
    }
    server.post(LOGIN, login(PASSWORD)).await.problem(429, "account_locked");
}

#[tokio::test]
async fn an_unlocked_user_has_all_tries_of_their_code_again() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let email = "ada@example.com";
    let body = json!({ "email": email, "password": PASSWORD });
    let ada = server.post("/api/v1/auth/register", body).await.json(201);
    let verify =
        async |code: &str| server.post("/api/v1/auth/verify", json!({ "email": email, "code": code })).await;
    for round in 1..=3 {
        let mail = server.nth_mail_to(email, round, |mail| mail.code.is_some()).await;
        let wrong = if mail.code() == "123456" { "654321" } else { "123456" };
        for _ in 0..5 {
            assert!(matches!(verify(wrong).await.status, 400 | 429));
        }
        verify(mail.code()).await.problem(429, "too_many_attempts");
        server.post("/api/v1/auth/verify/resend", json!({ "email": email })).await.json(202);
    }
    let latest = server.nth_mail_to(email, 4, |mail| mail.code.is_some()).await;
    verify(latest.code()).await.problem(429, "too_many_attempts");
    let unlock = format!("{USERS}/{}/unlock", id(&ada));
    server.post_as(&admin.access_token, &unlock, json!({})).await.json(200);
    verify(latest.code()).await.json(200);
}

#[tokio::test]
async fn sessions_of_a_user_are_seen_and_ended() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    server.made_user(&admin, "ada@example.com").await;
    let login = server
        .request(Method::POST, LOGIN)
        .header("user-agent", "Phone/1.0")
        .json(&json!({ "email": "ada@example.com", "password": PASSWORD }));
    server.send(login).await.json(200);
    let ada = server.login("ada@example.com", PASSWORD).await;
    let path = format!("{USERS}/{}/sessions", ada.user_id);
    let sessions = server.get_as(&admin.access_token, &path).await.json(200);
    assert_eq!(items(&sessions).len(), 2);
    assert_eq!(items(&sessions)[1]["user_agent"], "Phone/1.0", "the newest comes first");
    for session in items(&sessions) {
        assert_eq!((&session["ip"], &session["current"]), (&json!("127.0.0.1"), &json!(false)));
    }
    let own = server.get_as(&admin.access_token, &format!("{USERS}/{}/sessions", admin.user_id)).await;
    assert_eq!(items(&own.json(200))[0]["current"], true);

    server.delete_as(&admin.access_token, &path).await.empty(204);
    assert!(server.has_ended(&ada).await && !server.has_ended(&admin).await);
    assert!(items(&server.get_as(&admin.access_token, &path).await.json(200)).is_empty());
    server.delete_as(&admin.access_token, &path).await.empty(204);
    server.login("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn what_an_operator_does_takes_effect_in_the_running_service() {
    let server = cheap_server().await;
    let admin = server.administrator("root@example.com").await;
    let ada = server.signed_in("ada@example.com").await;
    let shown = server.run(&["user", "show", "ada@example.com", "--json"]).await.json();
    let over_http = server.get_as(&admin.access_token, &format!("{USERS}/{}", ada.user_id)).await;
    assert_eq!(shown, over_http.json(200), "both ways show the same");
    let listed = server.run(&["user", "list", "--json"]).await.json();
    assert_eq!(listed, json!(server.walk(&admin.access_token, USERS).await));
    assert_eq!(
        server.run(&["role", "list", "--json"]).await.json(),
        server.get_as(&admin.access_token, "/api/v1/roles").await.json(200)["items"]
    );

    server.get_as(&ada.access_token, USERS).await.problem(403, "forbidden");
    server.run(&["user", "grant", "ada@example.com", "admin"]).await.output();
    server.get_as(&ada.access_token, USERS).await.json(200);
    server.run(&["user", "revoke", "ada@example.com", "admin"]).await.output();
    server.get_as(&ada.access_token, USERS).await.problem(403, "forbidden");

    let set_password = ["user", "set-password", "ada@example.com", "--password-stdin"];
    server.run_with(&set_password, b"NewSecurePass456!").await.output();
    assert!(server.has_ended(&ada).await);
    server.nth_mail_to("ada@example.com", 1, |mail| mail.subject == "Your password was changed").await;
    let ada = server.login("ada@example.com", "NewSecurePass456!").await;
    server.run(&["user", "disable", "ada@example.com"]).await.output();
    assert!(server.has_ended(&ada).await);
    server.run(&["user", "enable", "ada@example.com"]).await.output();
    server.login("ada@example.com", "NewSecurePass456!").await;

    let invite = ["user", "create", "--email", "bob@example.com", "--invite", "--json"];
    let bob = server.run(&invite).await.json();
    let token = server.mail_to("bob@example.com", 1).await.token().to_owned();
    let confirm = json!({ "token": token, "new_password": PASSWORD });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);
    let bob_signed_in = server.login("bob@example.com", PASSWORD).await;
    assert_eq!(bob["id"], bob_signed_in.user_id);
    server.run(&["user", "delete", "bob@example.com", "--yes"]).await.output();
    assert!(server.has_ended(&bob_signed_in).await);

    let last = server.run(&["user", "disable", "root@example.com"]).await;
    assert_eq!(last.failure(), "nobody else is an active administrator");
    let told: Vec<_> = server.events(&admin, &format!("user_id={}", ada.user_id)).await;
    let by_operator: Vec<_> = told.iter().filter(|event| event["detail"]["by"] == "operator").collect();
    let kinds: Vec<_> = by_operator.iter().map(|event| event["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["user_update", "user_update", "password_set", "role_revocation", "role_assignment"]);
    for event in by_operator {
        assert_eq!((&event["actor_id"], &event["ip"]), (&json!(null), &json!(null)), "{event}");
    }
}
