//! The audit trail: who did what to whom, and from where.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, ServerBuilder, SignedIn, each, id, items};

const EVENTS: &str = "/api/v1/audit-events";

/// What an administrator does, as a browser.
async fn acts(server: &Server, admin: &SignedIn, method: Method, path: &str, body: Value) -> Value {
    let request = server
        .request(method, &format!("/api/v1/{path}"))
        .bearer_auth(&admin.access_token)
        .header("user-agent", "Console/1.0")
        .json(&body);
    let answer = server.send(request).await;
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap_or(Value::Null)
}

#[tokio::test]
async fn what_administrators_do_is_told_with_who_whom_and_from_where() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("root@example.com").await;
    let post = async |path: &str, body| acts(&server, &admin, Method::POST, path, body).await;
    let patch = async |path: &str, body| acts(&server, &admin, Method::PATCH, path, body).await;
    let delete = async |path: &str| acts(&server, &admin, Method::DELETE, path, json!({})).await;

    let role = post("roles", json!({ "name": "analyst", "permissions": ["reports:read"] })).await;
    let role = id(&role).to_owned();
    let ada = post("users", json!({ "email": "ada@example.com", "password": PASSWORD })).await;
    let ada = id(&ada).to_owned();
    let user = format!("users/{ada}");
    let (held, role_path) = (format!("{user}/roles/{role}"), format!("roles/{role}"));
    post(&format!("{user}/verify"), json!({})).await;
    post(&format!("{user}/unlock"), json!({})).await;
    patch(&user, json!({ "name": "Ada", "email": "countess@example.com" })).await;
    patch(&user, json!({ "is_active": false })).await;
    for _ in 0..2 {
        post(&held, json!({})).await;
    }
    patch(&role_path, json!({ "description": "Reads" })).await;
    delete(&format!("{user}/sessions")).await;
    for _ in 0..2 {
        delete(&held).await;
    }
    delete(&role_path).await;
    delete(&user).await;

    let told = server.events(&admin, "limit=3").await;
    let (analyst, fields) =
        (json!({ "role_id": role, "role": "analyst" }), |fields: &str| json!({ "fields": fields }));
    let mut change = analyst.clone();
    change["fields"] = json!("description");
    let expected = [
        ("user_deletion", Some(&ada), json!({})),
        ("role_deletion", None, analyst.clone()),
        ("role_revocation", Some(&ada), analyst.clone()),
        ("session_revocation", Some(&ada), json!({})),
        ("role_update", None, change),
        ("role_assignment", Some(&ada), analyst.clone()),
        ("user_update", Some(&ada), json!({ "fields": "is_active", "is_active": "false" })),
        ("user_update", Some(&ada), fields("name,email")),
        ("account_unlock", Some(&ada), json!({})),
        ("user_update", Some(&ada), fields("email_verified")),
        ("user_creation", Some(&ada), json!({ "roles": "user" })),
        ("role_creation", None, analyst),
    ];
    assert_eq!(each(&told, "kind")[..expected.len()], expected.each_ref().map(|(kind, ..)| *kind));
    for (event, (kind, subject, detail)) in told.iter().zip(&expected) {
        assert_eq!(event["actor_id"], admin.user_id, "{event}");
        assert_eq!(event["subject_id"], json!(subject), "{event}");
        assert_eq!(event["outcome"], "success", "{event}");
        assert_eq!((&event["ip"], &event["user_agent"]), (&json!("127.0.0.1"), &json!("Console/1.0")));
        assert_eq!(&event["detail"], detail, "{kind}");
    }
    let at = each(&told, "at");
    assert!(at.is_sorted_by(|later, earlier| later >= earlier), "the newest first: {at:?}");
    // Whoever is erased is named by their id alone, and what they were called is nowhere.
    let text = serde_json::to_string(&told).expect("JSON");
    assert!(!text.contains("example.com") && !text.contains("Ada"), "{text}");
}

#[tokio::test]
async fn what_users_do_and_fail_to_do_is_told() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_LOCKOUT_THRESHOLD", "2").start().await;
    let admin = server.administrator("root@example.com").await;
    let ada = server.signed_in("ada@example.com").await;
    let second = server.refreshed(&ada).await;
    let third = server.refreshed(&second).await;
    server.refresh(&ada.refresh_token).await.problem(401, "invalid_refresh_token");
    assert!(server.has_ended(&third).await);
    let login = |email: &str, password: &str| json!({ "email": email, "password": password });
    for email in ["ada@example.com", "ada@example.com", "nobody@example.com"] {
        server
            .post("/api/v1/auth/login", login(email, "wrong horse battery"))
            .await
            .problem(401, "invalid_credentials");
    }
    let told = server.events(&admin, &format!("user_id={}", ada.user_id)).await;
    let of = |event: &Value| {
        let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("outcome"), event["detail"]["reason"].as_str().map(str::to_owned))
    };
    let wrong = |kind: &str| (kind.to_owned(), "failure".to_owned(), Some("wrong_password".to_owned()));
    let well = |kind: &str| (kind.to_owned(), "success".to_owned(), None);
    let kinds: Vec<_> = told.iter().map(of).collect();
    let reuse = kinds.iter().position(|(kind, ..)| kind == "refresh_token_reuse").expect("a reuse is told");
    assert!(kinds[..reuse].iter().any(|(kind, ..)| kind == "account_lock"), "{kinds:?}");
    assert_eq!(kinds[..reuse].iter().filter(|event| **event == wrong("login")).count(), 2, "{kinds:?}");
    assert_eq!(
        kinds[reuse + 1..],
        [well("login"), well("email_verification"), well("registration")],
        "what an honest user does"
    );
    let failed = server.events(&admin, "kind=login").await;
    let unknown = failed.iter().find(|event| event["detail"]["reason"] == "unknown_account").expect("one");
    assert_eq!(unknown["subject_id"], json!(null));
    assert!(!unknown.to_string().contains("nobody"), "what was typed may be a password: {unknown}");
}

#[tokio::test]
async fn events_are_found_by_whom_what_and_when_page_by_page() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("root@example.com").await;
    let ada = server.made_user(&admin, "ada@example.com").await;
    for number in 0..7 {
        let body = json!({ "name": format!("Ada {number}") });
        server.patch_as(&admin.access_token, &format!("/api/v1/users/{}", id(&ada)), body).await.json(200);
    }
    let updates = server.events(&admin, "kind=user_update&limit=2").await;
    assert_eq!(updates.len(), 7);
    assert_eq!(server.events(&admin, &format!("user_id={}&limit=3", id(&ada))).await.len(), 8);
    let by_admin = server.events(&admin, &format!("user_id={}&limit=3", admin.user_id)).await;
    let kinds = each(&by_admin, "kind");
    assert_eq!(kinds.iter().filter(|kind| **kind == "user_update").count(), 7, "as the one who acts");
    assert_eq!(kinds.last(), Some(&"user_creation"), "and as the one it is about");

    let at = |event: &Value| event["at"].as_str().expect("a moment").replace('+', "%2B");
    let (newer, older) = (at(&updates[2]), at(&updates[5]));
    let between = server.events(&admin, &format!("kind=user_update&since={older}&until={newer}")).await;
    assert_eq!(between, updates[3..6], "from the one on, and before the other");
    assert_eq!(server.events(&admin, "until=2020-01-01T00:00:00Z").await, [] as [Value; 0]);
    assert_eq!(server.events(&admin, "kind=user_update&since=2020-01-01T00:00:00Z").await, updates);

    // What happens meanwhile does not move what is read.
    let path = format!("{EVENTS}?kind=user_update&limit=4");
    let first = server.page(&admin.access_token, &path, None).await;
    let body = json!({ "name": "Ada once more" });
    server.patch_as(&admin.access_token, &format!("/api/v1/users/{}", id(&ada)), body).await.json(200);
    let rest = server.page(&admin.access_token, &path, first["next_cursor"].as_str()).await;
    assert_eq!([items(&first), items(&rest)].concat(), updates);
    for (query, field, code) in [
        ("kind=nonsense", "kind", "unknown"),
        ("user_id=nonsense", "user_id", "invalid"),
        ("since=yesterday", "since", "invalid"),
        ("limit=0", "limit", "invalid"),
        ("cursor=nonsense", "cursor", "invalid"),
    ] {
        server.get_as(&admin.access_token, &format!("{EVENTS}?{query}")).await.invalid(&[(field, code)]);
    }
}
