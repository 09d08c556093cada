//! Accounts that operators see and change.

use std::time::Duration;

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    RoleCreation, RoleCreationOutcome, RoleRepository as _, UserAdministration as _,
};
use portcullis_domain::{Account, User};
use portcullis_testkit::fixtures::{NOW, custom_role, event, name, password_hash, user, username};
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, create};
use crate::process::{Finished, Installation};
use crate::sign_in::sign_in;

const ADA: &str = "ada@example.com";
const OTHER_PASSWORD: &str = "a cow that staples";

/// An installation with the administrator `ada` and the user `bob`.
fn installation() -> Installation {
    let installation = Installation::new();
    create(&installation, &["--email", ADA, "--username", "Ada", "--admin"], PASSWORD).output();
    create(&installation, &["--email", "bob@example.com"], PASSWORD).output();
    installation
}

/// An installation whose schema is there, and its store.
async fn empty_installation() -> (Installation, SqliteStore) {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    let store = SqliteStore::open(&SqliteOptions::new(installation.path("data/portcullis.db"))).await;
    (installation, store.expect("the database opens"))
}

fn on_user(installation: &Installation, command: &str, arguments: &[&str]) -> Finished {
    installation.run(&[&["user", command], arguments].concat())
}

fn shown(installation: &Installation, user: &str) -> Value {
    on_user(installation, "show", &[user, "--json"]).json()
}

fn emails(listed: &Value) -> Vec<&str> {
    listed.as_array().expect("a list").iter().map(|user| user["email"].as_str().expect("text")).collect()
}

#[test]
fn a_user_is_named_by_id_address_or_username() {
    let installation = installation();
    let by_address = shown(&installation, "ADA@example.com");
    assert_eq!((&by_address["email"], &by_address["username"]), (&json!(ADA), &json!("Ada")));
    for name in [by_address["id"].as_str().unwrap(), "ada", "ADA"] {
        assert_eq!(shown(&installation, name), by_address, "{name}");
    }
    let card = on_user(&installation, "show", &["ada"]);
    for expected in [
        format!("id          {}", by_address["id"].as_str().unwrap()),
        "e-mail      ada@example.com".to_owned(),
        "name        -".to_owned(),
        "state       active".to_owned(),
        "roles       admin, user".to_owned(),
    ] {
        assert!(card.output().lines().any(|line| line == expected), "{expected:?} in {}", card.stdout);
    }
}

#[test]
fn nobody_is_changed_in_place_of_a_user_who_is_not_there() {
    let installation = installation();
    for missing in ["eve@example.com", "eve", "019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10"] {
        for (command, more) in [
            ("show", None),
            ("verify", None),
            ("unlock", None),
            ("sign-out", None),
            ("disable", None),
            ("enable", None),
            ("delete", Some("--yes")),
            ("grant", Some("admin")),
            ("revoke", Some("admin")),
        ] {
            let arguments: Vec<_> = [Some(missing), more].into_iter().flatten().collect();
            let finished = on_user(&installation, command, &arguments);
            assert_eq!(finished.failure(), format!("there is no user {missing}"), "{command}");
        }
        let arguments = ["user", "set-password", missing, "--password-stdin"];
        let finished = installation.run_with_input(&arguments, PASSWORD);
        assert_eq!(finished.failure(), format!("there is no user {missing}"));
    }
}

#[test]
fn an_address_counts_as_verified_when_an_operator_says_so() {
    let installation = Installation::new();
    create(&installation, &["--email", ADA, "--unverified"], PASSWORD).output();
    let serving = installation.serve();
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 403);
    let verified = on_user(&installation, "verify", &[ADA]);
    assert_eq!(verified.output(), "ada@example.com counts as verified\n");
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 200);
    on_user(&installation, "verify", &[ADA]).output();
}

#[test]
fn who_was_locked_out_is_let_in_again() {
    let installation = installation().with("PORTCULLIS_LOCKOUT_THRESHOLD", "1");
    let serving = installation.serve();
    assert_eq!(sign_in(&serving, ADA, OTHER_PASSWORD), 401);
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 429);
    assert_eq!(on_user(&installation, "unlock", &["ada"]).output(), "ada@example.com is not locked\n");
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 200);
}

#[test]
fn who_is_signed_out_everywhere_may_sign_in_again() {
    let installation = installation();
    let serving = installation.serve();
    let credentials = json!({"email": ADA, "password": PASSWORD});
    let refreshed =
        |token: &Value| serving.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).status;
    let tokens: Vec<Value> = (0..2)
        .map(|_| serde_json::from_str(&serving.post("/api/v1/auth/login", &credentials).body).expect("JSON"))
        .collect();
    let signed_out = on_user(&installation, "sign-out", &["ada"]);
    assert_eq!(signed_out.output(), "ada@example.com is signed out everywhere\n");
    assert!(tokens.iter().all(|tokens| refreshed(&tokens["refresh_token"]) == 401));
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 200);

    let event = &installation.run(&["audit", "list", "--kind", "session_revocation", "--json"]).json()[0];
    let told = ["outcome", "actor_id", "subject_id", "detail"].map(|key| event[key].clone());
    let ada = shown(&installation, "ada")["id"].clone();
    assert_eq!(told, [json!("success"), json!(null), ada, json!({"by": "operator"})]);
}

#[test]
fn who_is_disabled_is_kept_out_until_enabled() {
    let installation = installation();
    let serving = installation.serve();
    let disabled = on_user(&installation, "disable", &["bob@example.com", "--json"]).json();
    assert_eq!(disabled["is_active"], json!(false));
    assert_eq!(sign_in(&serving, "bob@example.com", PASSWORD), 403);
    let enabled = on_user(&installation, "enable", &["bob@example.com"]);
    assert_eq!(enabled.output(), "bob@example.com may sign in\n");
    assert_eq!(sign_in(&serving, "bob@example.com", PASSWORD), 200);
}

#[test]
fn a_password_is_set_under_the_usual_rules_and_replaces_the_other() {
    let installation = installation();
    let set = |user: &str, password: &str| {
        installation.run_with_input(&["user", "set-password", user, "--password-stdin"], password)
    };
    for (password, message) in [
        ("", "the password is empty"),
        ("short", "the password is shorter than 8 characters"),
        ("password1", "the password is among the most common passwords"),
    ] {
        assert_eq!(set("ada", password).failure(), message);
    }
    let serving = installation.serve();
    assert_eq!(sign_in(&serving, ADA, PASSWORD), 200, "nothing changed yet");
    let words = "ada@example.com has another password, and is signed out everywhere\n";
    assert_eq!(set("ada", &format!("{OTHER_PASSWORD}\n")).output(), words);
    assert_eq!((sign_in(&serving, ADA, PASSWORD), sign_in(&serving, ADA, OTHER_PASSWORD)), (401, 200));
}

#[test]
fn an_account_is_erased_only_with_a_confirmation() {
    let installation = installation();
    let unconfirmed = on_user(&installation, "delete", &["bob@example.com"]);
    assert_eq!(unconfirmed.code, Some(2), "{unconfirmed:?}");
    assert!(unconfirmed.stderr.contains("--yes"), "{}", unconfirmed.stderr);
    let bob = shown(&installation, "bob@example.com");
    let erased = on_user(&installation, "delete", &["bob@example.com", "--yes", "--json"]).json();
    assert_eq!(erased, bob, "what was erased is told");
    assert_eq!(
        on_user(&installation, "show", &["bob@example.com"]).failure(),
        "there is no user bob@example.com"
    );
}

#[test]
fn the_last_administrator_stays() {
    let installation = installation();
    for (command, more) in [("disable", None), ("delete", Some("--yes")), ("revoke", Some("admin"))] {
        let arguments: Vec<_> = [Some("ada"), more].into_iter().flatten().collect();
        let finished = on_user(&installation, command, &arguments);
        assert_eq!(finished.failure(), "nobody else is an active administrator", "{command}");
    }
    let granted = on_user(&installation, "grant", &["bob@example.com", "admin"]);
    assert_eq!(granted.output(), "bob@example.com holds the role admin\n");
    on_user(&installation, "delete", &["ada", "--yes"]).output();
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_listed_given_and_taken() {
    let (installation, store) = empty_installation().await;
    let role = custom_role("analyst", &["reports:read", "reports:write"]);
    let creation = RoleCreation { role, event: event(AuditKind::RoleCreation) };
    assert_eq!(store.create(creation).await.expect("create"), RoleCreationOutcome::Created);
    create(&installation, &["--email", ADA], PASSWORD).output();

    let roles = |command: &str, role: &str| {
        on_user(&installation, command, &[ADA, role, "--json"]).json()["roles"].clone()
    };
    for _ in 0..2 {
        assert_eq!(roles("grant", "analyst"), json!(["analyst", "user"]));
    }
    for _ in 0..2 {
        assert_eq!(roles("revoke", "analyst"), json!(["user"]));
    }
    let unknown = "there is no role wizard; `portcullis role list` shows those that there are";
    assert_eq!(on_user(&installation, "grant", &[ADA, "wizard"]).failure(), unknown);

    let listed = installation.run(&["role", "list", "--json"]).json();
    let of = |role: &Value| ["name", "permissions", "built_in"].map(|key| role[key].clone());
    assert_eq!(
        listed.as_array().expect("a list").iter().map(of).collect::<Vec<_>>(),
        [
            [json!("admin"), json!([]), json!(true)],
            [json!("analyst"), json!(["reports:read", "reports:write"]), json!(false)],
            [json!("user"), json!([]), json!(true)],
        ]
    );
    let table = installation.run(&["role", "list"]);
    let columns: Vec<_> = table.output().lines().map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(
        columns[1..],
        [Some("every"), Some("reports:read,reports:write"), Some("-")],
        "{}",
        table.stdout
    );
}

#[test]
fn an_installation_without_users_has_an_empty_list() {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    assert_eq!(on_user(&installation, "list", &["--json"]).json(), json!([]));
    let table = on_user(&installation, "list", &[]);
    assert_eq!(table.output().lines().count(), 1, "a head alone: {}", table.stdout);
}

/// Stores users who are made a second apart, the first one first.
async fn stored(store: &SqliteStore, users: impl IntoIterator<Item = User>) {
    let account = |(second, user): (u64, User)| Account {
        user: User { created_at: NOW + Duration::from_secs(second), ..user },
        password_hash: Some(password_hash()),
    };
    store.import((0..).zip(users).map(account).collect()).await.expect("import");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_selected_by_what_they_are_like() {
    let (installation, store) = empty_installation().await;
    let [ada, bob, eve] = ["ada@example.com", "bob@example.com", "eve@example.com"].map(user);
    let bob = User { email_verified: true, username: Some(username("Adam")), ..bob };
    let mut eve = User { is_active: false, email_verified: true, ..eve };
    eve.profile.last_name = Some(name("ADAMS"));
    eve.roles.insert(0, portcullis_domain::RoleName::admin());
    stored(&store, [ada, bob, eve]).await;

    let selected = |arguments: &[&str]| -> Vec<String> {
        let listed = on_user(&installation, "list", &[arguments, &["--json"]].concat()).json();
        let mut names: Vec<_> = emails(&listed).iter().map(|email| email[..3].to_owned()).collect();
        names.sort();
        names
    };
    for (arguments, expected) in [
        (&[][..], &["ada", "bob", "eve"][..]),
        (&["--query", "ADA"], &["ada", "bob", "eve"]),
        (&["--query", "adam"], &["bob", "eve"]),
        (&["--query", "nobody"], &[]),
        (&["--role", "admin"], &["eve"]),
        (&["--verified"], &["bob", "eve"]),
        (&["--unverified"], &["ada"]),
        (&["--active"], &["ada", "bob"]),
        (&["--inactive", "--verified"], &["eve"]),
        (&["--query", "ada", "--role", "user", "--active"], &["ada", "bob"]),
    ] {
        assert_eq!(selected(arguments), expected, "{arguments:?}");
    }
    assert_eq!(on_user(&installation, "list", &["--role", "wizard"]).failure(), "there is no such role");
    let table = on_user(&installation, "list", &["--inactive"]);
    assert!(table.output().lines().nth(1).unwrap().contains("disabled"), "{}", table.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_printed_to_its_end_or_to_its_limit() {
    let (installation, store) = empty_installation().await;
    stored(&store, (0..450).map(|number| user(&format!("ada{number}@example.com")))).await;
    let listed =
        |arguments: &[&str]| on_user(&installation, "list", &[arguments, &["--json"]].concat()).json();
    let all = listed(&[]);
    let ids: Vec<_> = all.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 450);
    assert!(ids.is_sorted_by(|earlier, later| earlier > later), "the newest first, each once");
    for limit in ["1", "200", "201", "449", "451"] {
        let expected = limit.parse::<usize>().unwrap().min(450);
        let limited = listed(&["--limit", limit]);
        assert_eq!(limited.as_array().unwrap()[..], all.as_array().unwrap()[..expected], "{limit}");
    }
    let finished = installation.run_for_nobody(&["user", "list"]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "a reader may hang up");
}
