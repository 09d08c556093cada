//! Lists of users: filtered, searched, and walked while users come and go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Server, ServerBuilder, SignedIn, each, encoded, id, items};

const USERS: &str = "/api/v1/users";

/// A server with its administrator, `root@example.com`.
async fn administered() -> (Server, SignedIn) {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("root@example.com").await;
    (server, admin)
}

/// Makes an account without a password.
async fn make(server: &Server, admin: &SignedIn, body: Value) -> String {
    id(&server.post_as(&admin.access_token, USERS, body).await.json(201)).to_owned()
}

#[tokio::test]
async fn users_are_filtered_and_searched() {
    let (server, admin) = administered().await;
    let role = server.made_role(&admin, "analyst", &[]).await;
    let ada = json!({
        "email": "countess@example.com", "username": "Ada-1815", "name": "Augusta Ada King",
        "first_name": "Ada", "last_name": "Lovelace", "email_verified": true, "roles": ["analyst"],
    });
    let ada = make(&server, &admin, ada).await;
    make(&server, &admin, json!({ "email": "adam@example.com", "is_active": false })).await;
    let joerg =
        json!({ "email": "b\u{fc}cher@example.com", "last_name": "\u{d6}zt\u{fc}rk", "roles": ["analyst"] });
    make(&server, &admin, joerg).await;
    make(&server, &admin, json!({ "email": "100%_sure@example.com" })).await;

    let found = async |query: &str| {
        let users = server.walk(&admin.access_token, &format!("{USERS}?limit=2&{query}")).await;
        each(&users, "email").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (all, countess) =
        (["100%_sure", "b\u{fc}cher", "adam", "countess", "root"], ["countess@example.com"]);
    assert_eq!(found("").await, all.map(|name| format!("{name}@example.com")));
    for (prefix, expected) in [
        ("ada", vec!["adam@example.com", "countess@example.com"]),
        ("ADA-1", countess.to_vec()),
        ("augusta ada", countess.to_vec()),
        ("LOVE", countess.to_vec()),
        ("countess@EXAMPLE.com", countess.to_vec()),
        ("\u{f6}ZT\u{dc}", vec!["b\u{fc}cher@example.com"]),
        ("B\u{dc}", vec!["b\u{fc}cher@example.com"]),
        ("100%_", vec!["100%_sure@example.com"]),
        ("%", vec![]),
        ("_", vec![]),
        ("example.com", vec![]),
        ("king", vec![]),
    ] {
        assert_eq!(found(&format!("q={}", encoded(prefix))).await, expected, "{prefix}");
    }
    for (query, expected) in [
        ("role=analyst", vec!["b\u{fc}cher@example.com", "countess@example.com"]),
        ("role=analyst&email_verified=true", countess.to_vec()),
        ("role=admin", vec!["root@example.com"]),
        ("is_active=false", vec!["adam@example.com"]),
        ("is_active=true&email_verified=true", vec!["countess@example.com", "root@example.com"]),
        ("q=ada&is_active=true", countess.to_vec()),
        ("q=ada&role=admin", vec![]),
    ] {
        assert_eq!(found(query).await, expected, "{query}");
    }
    // What they are called is searched as it is now, and roles as they are held now.
    let path = format!("{USERS}/{ada}");
    server
        .patch_as(&admin.access_token, &path, json!({ "username": null, "name": "Zo\u{eb}" }))
        .await
        .json(200);
    server.delete_as(&admin.access_token, &format!("{path}/roles/{role}")).await.empty(204);
    assert_eq!(found("q=ada-1").await, Vec::<String>::new());
    assert_eq!(found(&format!("q={}", encoded("zO\u{cb}"))).await, countess);
    assert_eq!(found("role=analyst").await, ["b\u{fc}cher@example.com"]);
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let (server, admin) = administered().await;
    for (query, field, code) in [
        ("limit=0", "limit", "invalid"),
        ("limit=201", "limit", "invalid"),
        ("limit=many", "limit", "invalid"),
        ("q=", "q", "too_short"),
        ("email_verified=yes", "email_verified", "invalid"),
        ("is_active=", "is_active", "invalid"),
        ("role=wizard", "role", "unknown"),
        ("role=No%20Role", "role", "unknown"),
        ("cursor=nonsense", "cursor", "invalid"),
    ] {
        server.get_as(&admin.access_token, &format!("{USERS}?{query}")).await.invalid(&[(field, code)]);
    }
    let long = format!("{USERS}?q={}", "x".repeat(256));
    server.get_as(&admin.access_token, &long).await.invalid(&[("q", "too_long")]);
    server.get_as(&admin.access_token, &format!("{USERS}?limit=200&unknown=1")).await.json(200);
}

#[tokio::test]
async fn who_is_there_all_along_is_in_one_page_whoever_comes_and_goes() {
    let (server, admin) = administered().await;
    let (mut staying, mut leaving) = (BTreeSet::new(), Vec::new());
    staying.insert(admin.user_id.clone());
    for number in 0..20 {
        let user = make(&server, &admin, json!({ "email": format!("user{number}@example.com") })).await;
        if number % 4 == 1 {
            leaving.push(user);
        } else {
            staying.insert(user);
        }
    }
    for path in [format!("{USERS}?limit=3"), format!("{USERS}?limit=3&is_active=true")] {
        let mut seen = Vec::new();
        let mut page = server.page(&admin.access_token, &path, None).await;
        let mut come = 0;
        loop {
            seen.extend(items(&page).iter().map(|user| id(user).to_owned()));
            come += 1;
            let newcomer = format!("late{come}-{}@example.com", path.len());
            let newcomer = make(&server, &admin, json!({ "email": newcomer })).await;
            assert!(!seen.contains(&newcomer));
            // The one after whom the next page begins may be the one who leaves.
            let last = items(&page).last().map(|user| id(user).to_owned());
            let gone = leaving.iter().position(|user| Some(user) == last.as_ref());
            if let Some(gone) = gone.or_else(|| leaving.len().checked_sub(1)) {
                let path = format!("{USERS}/{}", leaving.swap_remove(gone));
                server.delete_as(&admin.access_token, &path).await.empty(204);
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => page = server.page(&admin.access_token, &path, Some(cursor)).await,
                None => break,
            }
        }
        let once: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "nobody is listed twice");
        assert!(staying.is_subset(&once), "nobody who stayed is missed");
        assert!(seen.is_sorted_by(|earlier, later| earlier > later), "the newest first");
        staying = staying.into_iter().chain(once).collect();
        let all = server.walk(&admin.access_token, USERS).await;
        staying.retain(|user| all.iter().any(|listed| id(listed) == user));
    }
}
