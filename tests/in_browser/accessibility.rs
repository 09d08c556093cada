use serde_json::Value;

use crate::harness::{PASSWORD, Server, ServerBuilder};
use crate::in_browser::chromium::{Chromium, View, in_target};

const ADA: &str = "ada@example.com";

/// What axe-core finds that keeps people from using a page, by rule and place.
async fn barriers(browser: &Chromium, axe: &str) -> Vec<String> {
    let script = format!(
        "{axe}; const done = arguments[arguments.length - 1]; \
         axe.run().then(found => done(found.violations), error => done([{{ id: String(error), nodes: [] }}]));"
    );
    let found = browser.evaluate_later(&script).await;
    let found: Vec<Value> = serde_json::from_value(found).expect("a list");
    let is_serious =
        |rule: &&Value| !["minor", "moderate"].contains(&rule["impact"].as_str().unwrap_or("broken"));
    found.iter().filter(is_serious).map(|rule| format!("{}: {}", rule["id"], rule["nodes"])).collect()
}

pub(super) fn axe() -> String {
    let file = in_target("axe-core-4.14.1/package/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error} (./test puts axe-core there)", file.display()))
}

/// Looks at the page that is open in every way.
pub(super) async fn examine(browser: &Chromium, axe: &str, name: &str) {
    for view in View::ALL {
        browser.look(view).await;
        assert_eq!(barriers(browser, axe).await, Vec::<String>::new(), "{name}, {view:?}");
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.evaluate(overflow).await, 0, "{name} is wider than {view:?}");
        if std::env::var_os("PORTCULLIS_TEST_SCREENSHOTS").is_some() {
            let file = format!("screenshots/{name}-{}-{}.png", view.device, view.scheme);
            browser.save_screenshot(&in_target(&file)).await;
        }
    }
}

async fn link_in_mail(server: &Server, to: &str, page: &str) -> String {
    let mail = server.nth_mail_to(to, 1, |mail| mail.text.contains(page)).await;
    mail.links.into_iter().find(|link| link.contains(page)).expect("a link")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_has_a_serious_barrier_in_light_or_dark_on_phone_or_desktop() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let (browser, axe, url) = (Chromium::start().await, axe(), server.url().to_owned());
    for path in ["sign-in", "sign-up", "verify-code", "forgot-password", "reset-password"] {
        browser.open(&format!("{url}/{path}")).await;
        examine(&browser, &axe, if path == "reset-password" { "dead-link" } else { path }).await;
    }
    browser.open(&format!("{url}/sign-up")).await;
    browser.fill_in("email", "eve@example.com").await;
    browser.fill_in("password", "short").await;
    browser.send().await;
    browser.wait_for("Use at least 8 characters.").await;
    examine(&browser, &axe, "sign-up-refused").await;

    server.register_verified(ADA).await;
    server.post("/api/v1/auth/password-reset/request", serde_json::json!({ "email": ADA })).await.json(200);
    browser.open(&link_in_mail(&server, ADA, "verify-email").await).await;
    examine(&browser, &axe, "verify-email-done").await;
    browser.open(&link_in_mail(&server, ADA, "reset-password").await).await;
    examine(&browser, &axe, "reset-password").await;
    let body = serde_json::json!({ "email": "bob@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.json(201);
    browser.open(&link_in_mail(&server, "bob@example.com", "verify-email").await).await;
    examine(&browser, &axe, "verify-email").await;

    server.login(ADA, PASSWORD).await;
    browser.open(&format!("{url}/sign-in")).await;
    browser.fill_in("identifier", ADA).await;
    browser.fill_in("password", "not the password").await;
    browser.send().await;
    browser.wait_for("There is no account with this name").await;
    examine(&browser, &axe, "sign-in-refused").await;
    browser.fill_in("password", PASSWORD).await;
    browser.send().await;
    browser.wait_for("Your profile").await;
    browser.fill_in("name", "Ada Lovelace").await;
    browser.fill_in("username", "ada").await;
    browser.send().await;
    browser.wait_for("Your profile is saved.").await;
    examine(&browser, &axe, "account").await;
    for part in ["email", "password", "sessions", "delete"] {
        browser.open(&format!("{url}/account/{part}")).await;
        examine(&browser, &axe, part).await;
    }
    browser.open(&format!("{url}/dev/mailbox")).await;
    examine(&browser, &axe, "mailbox").await;
    browser.press(".mails li:last-child a").await;
    browser.text("pre").await;
    examine(&browser, &axe, "mail").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
