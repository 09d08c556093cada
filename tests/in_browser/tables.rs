use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, ServerBuilder, SignedIn, id};
use crate::in_browser::chromium::{Chromium, View};
use crate::in_browser::console::sign_in;

const ROOT: &str = "root@example.com";

/// How wide windows are: phones, just before and where tables are tables, and desktops.
const WIDTHS: [u32; 6] = [320, 390, 1215, 1216, 1280, 1600];

/// The ordinary words in tables that are broken where no hyphen is: what is longer has to be, where there is no room. The
/// parts of a long id between hyphens, as keys have by chance, are none.
const BROKEN_WORDS: &str = r"
    const broken = [];
    const walker = document.createTreeWalker(document.querySelector('.list'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode;
        if (text.parentElement.closest('thead, .unseen')) continue;
        for (const { 0: chain, index: start } of text.data.matchAll(/\S+/g)) {
            if (chain.length > 40) continue;
            for (const { 0: word, index } of chain.matchAll(/[^-]+/g)) {
                if (word.length > 16) continue;
                const range = new Range();
                range.setStart(text, start + index);
                range.setEnd(text, start + index + word.length);
                const lines = new Set([...range.getClientRects()].map(line => Math.round(line.top)));
                if (lines.size > 1) broken.push(word);
            }
        }
    }
    return broken;";

const OVERFLOW: &str = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

fn long(letter: &str, length: usize) -> String {
    letter.repeat(length)
}

/// Roles, people, mails and events whose every value is as long as it may be and has no space in it, beside ordinary
/// ones.
async fn populate(server: &Server, admin: &SignedIn) -> (String, String) {
    let post =
        async |path: &str, body: Value| server.post_as(&admin.access_token, path, body).await.json(201);
    for name in ["auditor", "support"] {
        let body = json!({
            "name": name, "permissions": ["audit:read", "users:read", "roles:read", "sessions:read"],
            "description": "Looks at what happened, and helps people who have lost their way.",
        });
        post("/api/v1/roles", body).await;
    }
    let permission = format!("{}:{}", long("a", 32), long("b", 32));
    let role = json!({
        "name": long("r", 64), "description": long("d", 200), "permissions": [permission, "users:read"],
    });
    let role = post("/api/v1/roles", role).await;
    let address = format!("{}@{}.example.com", long("l", 64), long("m", 60));
    let user = json!({
        "email": address, "password": PASSWORD, "name": long("n", 255), "username": long("u", 32),
        "roles": [long("r", 64), "auditor"],
    });
    let user = post("/api/v1/users", user).await;
    for number in 1..4 {
        let body =
            json!({ "email": format!("q{number}@example.com"), "password": PASSWORD, "roles": ["auditor"] });
        post("/api/v1/users", body).await;
        let body = json!({ "email": format!("w{number}@example.com"), "password": PASSWORD });
        server.post("/api/v1/auth/register", body).await.json(201);
    }
    let wrong = json!({ "email": address, "password": "not the password" });
    server.post("/api/v1/auth/login", wrong).await.problem(401, "invalid_credentials");
    let other = format!("{}@{}.example.com", long("o", 64), long("p", 60));
    server.post("/api/v1/auth/register", json!({ "email": other, "password": PASSWORD })).await.json(201);
    (id(&user).to_owned(), id(&role).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_keep_ordinary_words_whole_and_pages_fit_whatever_is_in_them() {
    let logo = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&logo, r#"<svg xmlns="http://www.w3.org/2000/svg" width="600" height="28"/>"#)
        .expect("a logo");
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        // Where no mail server is, so that mails wait.
        .with("PORTCULLIS_SMTP_URL", "smtp://127.0.0.1:1")
        .with("PORTCULLIS_PAGES_NAME", long("N", 60))
        .with("PORTCULLIS_PAGES_LOGO", logo.path().to_str().expect("UTF-8"))
        .start()
        .await;
    let admin = server.administrator(ROOT).await;
    let (user, role) = populate(&server, &admin).await;
    let (browser, url) = (Chromium::start().await, server.url().to_owned());
    browser.open(&format!("{url}/sign-in")).await;
    assert_fits(&browser, "sign-in").await;
    sign_in(&browser, &server, ROOT).await;
    browser.wait_for("Your profile").await;
    assert_fits(&browser, "account").await;
    for table in ["users", "roles", "audit", "mail", "keys"] {
        browser.open(&format!("{url}/admin/{table}")).await;
        assert_fits(&browser, table).await;
        for width in WIDTHS {
            look(&browser, width).await;
            assert_eq!(browser.evaluate(BROKEN_WORDS).await, json!([]), "{table} at {width}");
        }
    }
    for details in [format!("users/{user}"), format!("roles/{role}")] {
        browser.open(&format!("{url}/admin/{details}")).await;
        assert_fits(&browser, &details).await;
    }
}

async fn look(browser: &Chromium, width: u32) {
    let device = if width < 600 { "phone" } else { "desktop" };
    browser.look(View { device, width, height: 800, scheme: "light" }).await;
}

async fn assert_fits(browser: &Chromium, page: &str) {
    for width in WIDTHS {
        look(browser, width).await;
        assert_eq!(browser.evaluate(OVERFLOW).await, 0, "{page} is wider than {width}");
    }
}
