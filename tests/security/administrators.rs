//! Administrators: one always stays (S8), and nobody reaches above themselves.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Server, ServerBuilder, SignedIn, encoded, id, items};

const USERS: &str = "/api/v1/users";

/// What takes an administrator away.
#[derive(Clone, Copy, Debug)]
enum Removal {
    Demotion,
    Deactivation,
    Deletion,
    OwnDeletion,
}

impl Removal {
    async fn of(self, server: &Server, actor: &SignedIn, target: &SignedIn, admin_role: &str) -> Answer {
        let (token, path) = (&actor.access_token, format!("{USERS}/{}", target.user_id));
        match self {
            Self::Demotion => server.delete_as(token, &format!("{path}/roles/{admin_role}")).await,
            Self::Deactivation => server.patch_as(token, &path, json!({ "is_active": false })).await,
            Self::Deletion => server.delete_as(token, &path).await,
            Self::OwnDeletion => {
                let body = json!({ "password": PASSWORD });
                server.call_as(token, Method::DELETE, "/api/v1/auth/me", body).await
            }
        }
    }
}

/// Whether somebody can still administer.
async fn administers(server: &Server, user: &SignedIn) -> bool {
    server.get_as(&user.access_token, USERS).await.status == 200
}

#[tokio::test]
async fn s8_of_administrators_who_remove_each_other_one_stays() {
    use Removal::{Deactivation, Deletion, Demotion, OwnDeletion};
    const AT_ONCE: usize = 5;
    let server = ServerBuilder::new().with_cheap_hashes().raced().start().await;
    let mut survivor = server.administrator("admin0@example.com").await;
    let admin_role = server.role_called(&survivor, "admin").await;
    let others = [Demotion, Deactivation, Deletion];
    let each_other = others.iter().flat_map(|first| others.map(|second| (*first, second, true)));
    let themselves = [Demotion, Deactivation, Deletion, OwnDeletion].map(|removal| (removal, removal, false));
    for (round, (first, second, is_mutual)) in each_other.chain(themselves).enumerate() {
        let email = format!("admin{}@example.com", round + 1);
        let body =
            json!({ "email": email, "password": PASSWORD, "email_verified": true, "roles": ["admin"] });
        server.post_as(&survivor.access_token, USERS, body).await.json(201);
        let rival = server.login(&email, PASSWORD).await;
        let (victim_of_survivor, victim_of_rival) =
            if is_mutual { (&rival, &survivor) } else { (&survivor, &rival) };
        let role = &admin_role;
        let (by_survivor, by_rival) = tokio::join!(
            join_all((0..AT_ONCE).map(|_| first.of(&server, &survivor, victim_of_survivor, role))),
            join_all((0..AT_ONCE).map(|_| second.of(&server, &rival, victim_of_rival, role))),
        );
        for answer in by_survivor.iter().chain(&by_rival) {
            assert!(
                matches!(answer.status, 200 | 204 | 401 | 403 | 404 | 409),
                "{first:?}, {second:?}: {} {}",
                answer.status,
                answer.text
            );
        }
        let stayed = (administers(&server, &survivor).await, administers(&server, &rival).await);
        assert!(stayed.0 != stayed.1, "{first:?}, {second:?}: exactly one stays, not {stayed:?}");
        if stayed.1 {
            survivor = rival;
        }
        let path = format!("{USERS}?role=admin&is_active=true");
        let admins = server.get_as(&survivor.access_token, &path).await.json(200);
        assert_eq!(items(&admins).len(), 1, "{first:?}, {second:?}: {admins}");
        assert_eq!(id(&items(&admins)[0]), survivor.user_id);
        for removal in [Demotion, Deactivation, Deletion, OwnDeletion] {
            removal.of(&server, &survivor, &survivor, role).await.problem(409, "last_admin");
        }
    }
}

#[tokio::test]
async fn s8_an_administrator_who_is_disabled_does_not_count() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("admin@example.com").await;
    let admin_role = server.role_called(&admin, "admin").await;
    let second = server.made_user(&admin, "second@example.com").await;
    server.grant(&admin, id(&second), &admin_role).await;
    let path = format!("{USERS}/{}", id(&second));
    server.patch_as(&admin.access_token, &path, json!({ "is_active": false })).await.json(200);
    let own = format!("{USERS}/{}", admin.user_id);
    for removal in [Removal::Demotion, Removal::Deactivation, Removal::Deletion, Removal::OwnDeletion] {
        removal.of(&server, &admin, &admin, &admin_role).await.problem(409, "last_admin");
    }
    server.patch_as(&admin.access_token, &path, json!({ "is_active": true })).await.json(200);
    server.delete_as(&admin.access_token, &own).await.empty(204);
}

/// A clerk who may do everything to users and roles, and lacks what others have.
async fn clerk(server: &Server, admin: &SignedIn) -> SignedIn {
    let held = [
        "desk:open",
        "roles:assign",
        "roles:read",
        "roles:write",
        "sessions:read",
        "sessions:revoke",
        "users:delete",
        "users:read",
        "users:write",
    ];
    server.holding(admin, "clerk@example.com", &held).await
}

#[tokio::test]
async fn nobody_hands_out_what_they_lack() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("admin@example.com").await;
    let clerk = clerk(&server, &admin).await;
    let token = &clerk.access_token;
    let (own, admin_role) =
        (server.role_called(&admin, "clerk").await, server.role_called(&admin, "admin").await);
    let vault = server.made_role(&admin, "vault", &["desk:open", "vault:open"]).await;
    let desk = server.made_role(&admin, "desk", &["desk:open"]).await;
    let somebody = server.made_user(&admin, "somebody@example.com").await;

    let make = |name: &str, permissions: Value| json!({ "name": name, "permissions": permissions });
    let post = async |path: &str, body| server.post_as(token, path, body).await;
    post("/api/v1/roles", make("thief", json!(["vault:open"]))).await.problem(403, "forbidden");
    post("/api/v1/roles", make("auditor", json!(["audit:read"]))).await.problem(403, "forbidden");
    for (role, permissions) in [(&own, json!(["desk:open", "vault:open"])), (&vault, json!(["desk:open"]))] {
        let path = format!("/api/v1/roles/{role}");
        let change = json!({ "permissions": permissions });
        server.patch_as(token, &path, change).await.problem(403, "forbidden");
    }
    let vault_path = format!("/api/v1/roles/{vault}");
    server.patch_as(token, &vault_path, json!({ "name": "cellar" })).await.problem(403, "forbidden");
    server.delete_as(token, &vault_path).await.problem(403, "forbidden");
    for role in [&vault, &admin_role] {
        for user in [clerk.user_id.as_str(), id(&somebody)] {
            post(&format!("{USERS}/{user}/roles/{role}"), json!({})).await.problem(403, "forbidden");
        }
    }
    for name in ["vault", "admin"] {
        let body = json!({ "email": "thief@example.com", "password": PASSWORD, "roles": ["desk", name] });
        post(USERS, body).await.problem(403, "forbidden");
    }
    let roles = server.get_as(token, "/api/v1/roles").await.json(200);
    let unchanged = items(&roles).iter().find(|role| role["name"] == "vault").expect("it is there");
    assert_eq!(unchanged["permissions"], json!(["desk:open", "vault:open"]));
    assert_eq!(server.get_as(token, "/api/v1/auth/me").await.json(200)["roles"], json!(["clerk", "user"]));

    // What they have they may give, and take.
    let desk_of = format!("{USERS}/{}/roles/{desk}", id(&somebody));
    post(&desk_of, json!({})).await.empty(204);
    server.delete_as(token, &desk_of).await.empty(204);
    let helper = json!({ "email": "helper@example.com", "password": PASSWORD, "roles": ["desk"] });
    assert_eq!(post(USERS, helper).await.json(201)["roles"], json!(["desk", "user"]));
    post("/api/v1/roles", make("junior", json!(["desk:open", "users:read"]))).await.json(201);
    // Who may not assign roles makes no users with roles either, even such as allow nothing.
    let writer = server.holding(&admin, "writer@example.com", &["users:write"]).await;
    let body = |roles: Value| json!({ "email": "new@example.com", "password": PASSWORD, "roles": roles });
    for roles in [json!(["desk"]), json!(["user"])] {
        server.post_as(&writer.access_token, USERS, body(roles)).await.problem(403, "forbidden");
    }
    server.post_as(&writer.access_token, USERS, body(json!([]))).await.json(201);
}

#[tokio::test]
async fn nobody_reaches_who_holds_what_they_lack() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("admin@example.com").await;
    let clerk = clerk(&server, &admin).await;
    let token = &clerk.access_token;
    let keeper = server.holding(&admin, "keeper@example.com", &["vault:open"]).await;
    for superior in [&admin, &keeper] {
        let path = format!("{USERS}/{}", superior.user_id);
        let before = server.get_as(token, &path).await.json(200);
        for change in [
            json!({ "email": "clerk+1@example.com" }),
            json!({ "name": "Fool" }),
            json!({ "is_active": false }),
        ] {
            server.patch_as(token, &path, change.clone()).await.problem(403, "forbidden");
            server.call_as(token, Method::PUT, &path, change).await.problem(403, "forbidden");
        }
        for call in ["verify", "unlock"] {
            server.post_as(token, &format!("{path}/{call}"), json!({})).await.problem(403, "forbidden");
        }
        server.delete_as(token, &path).await.problem(403, "forbidden");
        server.delete_as(token, &format!("{path}/sessions")).await.problem(403, "forbidden");
        for role in ["user", "keeper"] {
            let role = server.role_called(&admin, role).await;
            server.delete_as(token, &format!("{path}/roles/{role}")).await.problem(403, "forbidden");
        }
        assert_eq!(server.get_as(token, &path).await.json(200), before);
        assert!(!server.has_ended(superior).await);
    }
    assert!(server.mails_to("clerk+1@example.com").await.is_empty());
}

#[tokio::test]
async fn cursors_are_good_for_the_list_that_they_were_handed_out_for() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        // Tokens are issued by it, and the port changes with a restart.
        .with("PORTCULLIS_PUBLIC_URL", "http://accounts.test")
        .start()
        .await;
    let admin = server.administrator("admin@example.com").await;
    for number in 0..4 {
        server.made_user(&admin, &format!("user{number}@example.com")).await;
    }
    let path = format!("{USERS}?limit=1&q=user");
    let page = server.page(&admin.access_token, &path, None).await;
    let cursor = page["next_cursor"].as_str().expect("there are more").to_owned();
    let events = "/api/v1/audit-events?limit=1";
    let of_events = server.page(&admin.access_token, events, None).await;
    let of_events = of_events["next_cursor"].as_str().expect("there are more").to_owned();

    let get = async |path: &str, cursor: &str| {
        server.get_as(&admin.access_token, &format!("{path}&cursor={}", encoded(cursor))).await
    };
    for other in ["q=use", "q=user&is_active=true", "q=user&role=user", "is_active=true", "limit=1"] {
        get(&format!("{USERS}?{other}"), &cursor).await.invalid(&[("cursor", "invalid")]);
    }
    get(events, &cursor).await.invalid(&[("cursor", "invalid")]);
    get(&path, &of_events).await.invalid(&[("cursor", "invalid")]);
    get(&format!("{events}&kind=login"), &of_events).await.invalid(&[("cursor", "invalid")]);
    let flipped = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
    for made_up in
        ["", "0", &flipped, &cursor[1..], &format!("{cursor}="), &format!("{cursor}A"), id(&items(&page)[0])]
    {
        get(&path, made_up).await.invalid(&[("cursor", "invalid")]);
    }
    // How many are asked for may change.
    let rest = get(&format!("{USERS}?limit=50&q=USER"), &cursor).await.json(200);
    assert_eq!(items(&rest).len(), 3);
    // A restart changes nothing: they are made with the secret of the installation.
    let server = server.crash_and_restart().await;
    server.get_as(&admin.access_token, &format!("{path}&cursor={}", encoded(&cursor))).await.json(200);
}
