use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder, SignedIn, id};
use crate::in_browser::accessibility::{axe, examine};
use crate::in_browser::chromium::Chromium;

const ROOT: &str = "root@example.com";
const ADA: &str = "ada@example.com";

pub(super) async fn sign_in(browser: &Chromium, server: &Server, email: &str) {
    browser.open(&format!("{}/sign-in", server.url())).await;
    browser.fill_in("identifier", email).await;
    browser.fill_in("password", PASSWORD).await;
    browser.send().await;
}

/// An administrator finds a user by what their name begins with, and comes to their page.
async fn find(browser: &Chromium, name: &str) {
    browser.press(".side a[href$='admin/users']").await;
    browser.fill_in("q", name).await;
    browser.press(".filter button").await;
    browser.wait_for("Show all").await;
    browser.press(".list tbody a").await;
    browser.wait_for("About this account").await;
}

async fn walk(browser: &Chromium) {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator(ROOT).await;
    server.made_role(&admin, "clerk", &["users:read"]).await;
    let body = json!({ "email": ADA, "password": PASSWORD, "email_verified": true, "name": "Ada Lovelace" });
    server.post_as(&admin.access_token, "/api/v1/users", body).await.json(201);
    let theirs = server.login(ADA, PASSWORD).await;

    sign_in(browser, &server, ROOT).await;
    browser.press(".side a[href$=admin]").await;
    browser.wait_for("The last 30 days").await;
    find(browser, "ada l").await;
    browser.press("main select[name=role] option:last-of-type").await;
    browser.press("main form[action$=roles] button").await;
    browser.wait_for("The role is given.").await;
    server.get_as(&theirs.access_token, "/api/v1/users").await.json(200);

    browser.press("main a[href$=disable]").await;
    browser.wait_for("Cancel").await;
    browser.press("main .buttons a").await;
    browser.wait_for("About this account").await;
    server.get_as(&theirs.access_token, "/api/v1/users").await.json(200);
    browser.press("main a[href$=disable]").await;
    browser.wait_for("Cancel").await;
    browser.send().await;
    browser.wait_for("The account is disabled").await;
    server.get_as(&theirs.access_token, "/api/v1/users").await.problem(401, "invalid_access_token");

    browser.press(".who button").await;
    browser.wait_for("You are signed out.").await;
    sign_in(browser, &server, ADA).await;
    browser.wait_for("This account is disabled.").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_finds_a_user_gives_a_role_and_locks_them_out() {
    walk(&Chromium::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_an_administrator_can_do_the_same() {
    walk(&Chromium::without_scripts().await).await;
}

/// Somebody to see on every page: accounts in every state, roles, logins that failed, and mails that wait.
async fn populate(server: &Server, admin: &SignedIn) -> (String, String) {
    let made = async |body| server.post_as(&admin.access_token, "/api/v1/users", body).await.json(201);
    let role = server.made_role(admin, "clerk", &["users:read", "users:write", "reports:read"]).await;
    let ada = json!({
        "email": ADA, "password": PASSWORD, "email_verified": true, "username": "ada", "name": "Ada Lovelace",
        "first_name": "Ada", "last_name": "Lovelace", "roles": ["clerk"],
    });
    let ada = made(ada).await;
    for (name, is_active) in [("grace.hopper", true), ("alan.turing", false), ("katherine.johnson", true)] {
        let email = format!("{name}@analytical-engines.example.com");
        let body = json!({ "email": email, "password": PASSWORD, "is_active": is_active, "name": name });
        made(body).await;
        let wrong = json!({ "email": email, "password": "not the password" });
        server.post("/api/v1/auth/login", wrong).await.problem(401, "invalid_credentials");
    }
    let emmy = json!({ "email": "emmy@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", emmy).await.json(201);
    server.login(ADA, PASSWORD).await;
    (id(&ada).to_owned(), role)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_the_console_has_a_serious_barrier() {
    // Where no mail server is, so that mails wait.
    let nowhere = ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_SMTP_URL", "smtp://127.0.0.1:1");
    let server = nowhere.start().await;
    let admin = server.administrator(ROOT).await;
    let (ada, role) = populate(&server, &admin).await;
    let (browser, axe, url) = (Chromium::start().await, axe(), server.url().to_owned());
    sign_in(&browser, &server, ROOT).await;
    browser.wait_for("Your profile").await;
    let pages = [
        ("overview", "overview".to_owned()),
        ("users", "users".to_owned()),
        ("users-refused", "users?cursor=made-up&is_active=perhaps".to_owned()),
        ("users-none", "users?q=nobody".to_owned()),
        ("user", format!("users/{ada}")),
        ("user-new", "users/new".to_owned()),
        ("user-edit", format!("users/{ada}/edit")),
        ("user-disable", format!("users/{ada}/disable")),
        ("user-sign-out", format!("users/{ada}/sign-out")),
        ("user-delete", format!("users/{ada}/delete")),
        ("user-role-take", format!("users/{ada}/roles/{role}/take")),
        ("roles", "roles".to_owned()),
        ("role", format!("roles/{role}")),
        ("role-new", "roles/new".to_owned()),
        ("role-edit", format!("roles/{role}/edit")),
        ("role-delete", format!("roles/{role}/delete")),
        ("audit", "audit".to_owned()),
        ("mail", "mail".to_owned()),
        ("keys", "keys".to_owned()),
        ("keys-rotate", "keys/rotate".to_owned()),
    ];
    for (name, path) in pages {
        browser.open(&format!("{url}/admin/{path}")).await;
        examine(&browser, &axe, &format!("console-{name}")).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
