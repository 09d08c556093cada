use actix_web::http::Method;
use actix_web::test::TestRequest;
use async_trait::async_trait;
use portcullis_pages_actix::{Mail, MailboxError, MailboxReader};
use portcullis_testkit::fixtures::NOW;
use serde_json::{Value, json};

use crate::site::{ADA, Site};

struct Shelf(Vec<Mail>);

#[async_trait]
impl MailboxReader for Shelf {
    async fn list(&self) -> Result<Vec<Mail>, MailboxError> {
        Ok(self.0.clone())
    }
}

struct Unreadable;

#[async_trait]
impl MailboxReader for Unreadable {
    async fn list(&self) -> Result<Vec<Mail>, MailboxError> {
        Err(MailboxError("the folder is /secret/place".into()))
    }
}

fn verification_mail() -> Mail {
    Mail {
        id: "2-verify".to_owned(),
        to: ADA.to_owned(),
        from: "Portcullis <no-reply@localhost>".to_owned(),
        subject: "Confirm your e-mail address".to_owned(),
        date: NOW,
        text: "Open https://example.com/verify-email?token=abc or enter 123456.".to_owned(),
        html: Some("<!doctype html><html><head><title>x</title></head><body>Hello</body></html>".to_owned()),
        links: vec!["https://example.com/verify-email?token=abc".to_owned()],
        code: Some("123456".to_owned()),
    }
}

fn notice() -> Mail {
    Mail {
        id: "1 notice".to_owned(),
        to: "grace@example.com".to_owned(),
        subject: "Your password was changed".to_owned(),
        text: "Your password was changed.".to_owned(),
        html: None,
        links: Vec::new(),
        code: None,
        ..verification_mail()
    }
}

fn site() -> Site {
    Site::new().with_mailbox(Shelf(vec![verification_mail(), notice()]))
}

async fn items(site: &Site, query: &str) -> Value {
    let answer = site.get(&format!("/dev/mailbox.json{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["items"].clone()
}

#[actix_web::test]
async fn without_a_mailbox_there_is_nothing() {
    let site = Site::new();
    for path in ["/dev/mailbox", "/dev/mailbox.json", "/dev/mailbox/2-verify", "/dev/mailbox/2-verify/html"] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = site.answer(TestRequest::with_uri(path).method(method)).await;
            answer.assert_is_problem(404, "not_found");
        }
    }
}

#[actix_web::test]
async fn only_who_is_on_this_machine_and_means_it_reads_mails() {
    let site = site();
    let status = async |name: &'static str, value: &'static str| {
        site.answer(TestRequest::with_uri("/dev/mailbox.json").insert_header((name, value))).await.status
    };
    for host in ["localhost", "127.0.0.1:8080", "[::1]:8080"] {
        assert_eq!(status("Host", host).await, 200, "{host}");
    }
    assert_eq!(status("Host", "accounts.example.com").await, 404);
    for (name, value) in [
        ("Forwarded", "for=192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Real-IP", "192.0.2.1"),
        ("Via", "1.1 proxy"),
    ] {
        assert_eq!(status(name, value).await, 404, "{name}");
    }
}

#[actix_web::test]
async fn programs_read_all_of_every_mail() {
    let expected = json!([
        {
            "id": "2-verify",
            "to": ADA,
            "from": "Portcullis <no-reply@localhost>",
            "subject": "Confirm your e-mail address",
            "date": "2026-03-01T12:00:00.123457Z",
            "text": "Open https://example.com/verify-email?token=abc or enter 123456.",
            "html": "<!doctype html><html><head><title>x</title></head><body>Hello</body></html>",
            "links": ["https://example.com/verify-email?token=abc"],
            "code": "123456",
        },
        {
            "id": "1 notice",
            "to": "grace@example.com",
            "from": "Portcullis <no-reply@localhost>",
            "subject": "Your password was changed",
            "date": "2026-03-01T12:00:00.123457Z",
            "text": "Your password was changed.",
            "html": null,
            "links": [],
            "code": null,
        },
    ]);
    assert_eq!(items(&site(), "").await, expected);
}

#[actix_web::test]
async fn programs_ask_for_the_mails_to_one_address() {
    let site = site();
    let ids = async |query| {
        let items = items(&site, query).await;
        items.as_array().expect("a list").iter().map(|mail| mail["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("?to=ADA%40Example.com").await, ["2-verify"]);
    assert_eq!(ids("?to=grace@example.com").await, ["1 notice"]);
    assert!(ids("?to=eve@example.com").await.is_empty());
    site.get("/dev/mailbox.json?to=nobody").await.assert_is_problem(422, "validation_failed");
}

#[actix_web::test]
async fn people_see_the_mails_and_open_one() {
    let site = site();
    let list = site.get("/dev/mailbox").await;
    assert_eq!(list.status, 200);
    assert_eq!(
        list.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
    );
    assert_eq!(list.header("x-robots-tag"), Some("noindex"));
    list.assert_contains(r#"data-newest="2-verify""#);
    list.assert_contains(r#"<a href="mailbox/2%2Dverify">"#);
    list.assert_contains(r#"<a href="mailbox/1%20notice">"#);
    list.assert_contains("2026-03-01 12:00 UTC");
    assert!(list.body.find("Confirm your e-mail address") < list.body.find("Your password was changed"));

    let mail = site.get("/dev/mailbox/2-verify").await;
    assert_eq!(mail.status, 200);
    assert_eq!(
        mail.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; frame-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
    );
    mail.assert_contains(r#"<span class="code" id="code" translate="no">123456</span>"#);
    mail.assert_contains(r#"<a href="https://example.com/verify-email?token=abc">"#);
    mail.assert_contains(r#"<iframe src="2%2Dverify/html""#);

    let notice = site.get("/dev/mailbox/1%20notice").await;
    assert_eq!(notice.status, 200);
    notice.assert_contains("grace@example.com");
    notice.assert_contains("Portcullis &#60;no-reply@localhost&#62;");
    assert!(!notice.body.contains("<iframe") && !notice.body.contains("class=\"code\""));
}

#[actix_web::test]
async fn the_script_that_the_list_loads_is_here() {
    let site = site();
    let list = site.get("/dev/mailbox").await;
    let script = list.body.split("<script src=\"../").nth(1).and_then(|rest| rest.split('"').next());
    let script = site.get(&format!("/{}", script.expect("a script"))).await;
    assert_eq!(script.status, 200);
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
}

#[actix_web::test]
async fn the_html_of_a_mail_may_do_nothing() {
    let site = site();
    let html = site.get("/dev/mailbox/2-verify/html").await;
    assert_eq!(html.status, 200);
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(
        html.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
             frame-ancestors 'self'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
        )
    );
    assert_eq!(html.header("x-frame-options"), Some("SAMEORIGIN"));
    html.assert_contains(r#"<head><base target="_blank"><title>x</title></head>"#);
    site.get("/dev/mailbox/1%20notice/html").await.assert_is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_mail_that_is_not_there_is_not_found() {
    let site = site();
    for id in ["3-other", "..%2f..%2fetc%2fpasswd", "%2e%2e", "2-verify.eml"] {
        site.get(&format!("/dev/mailbox/{id}")).await.assert_is_problem(404, "not_found");
        site.get(&format!("/dev/mailbox/{id}/html")).await.assert_is_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn a_hostile_mail_is_text() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    let hostile = Mail {
        id: format!("\"{SCRIPT}"),
        to: format!("\"{SCRIPT}\"@example.com"),
        from: SCRIPT.to_owned(),
        subject: format!("'\">{SCRIPT}"),
        text: SCRIPT.to_owned(),
        links: vec!["javascript:alert(1)".to_owned(), format!("https://example.com/\">{SCRIPT}")],
        code: Some(SCRIPT.to_owned()),
        ..verification_mail()
    };
    let site = Site::new().with_mailbox(Shelf(vec![hostile]));
    let list = site.get("/dev/mailbox").await;
    let mail = site.get("/dev/mailbox/%22%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    for page in [list, mail] {
        assert_eq!(page.status, 200);
        page.assert_contains("&#60;script&#62;alert(1)&#60;/script&#62;");
        assert!(!page.body.contains("<script>"), "{}", page.body);
        assert!(!page.body.contains("href=\"javascript:"), "{}", page.body);
    }
}

#[actix_web::test]
async fn an_unreadable_mailbox_names_no_internals() {
    let site = Site::new().with_mailbox(Unreadable);
    for path in ["/dev/mailbox", "/dev/mailbox.json", "/dev/mailbox/1"] {
        let answer = site.get(path).await;
        answer.assert_is_problem(500, "internal");
        assert!(!answer.body.contains("secret"));
    }
}

#[actix_web::test]
async fn an_empty_mailbox_says_so_in_the_language_of_its_reader() {
    let site = Site::new().with_mailbox(Shelf(Vec::new()));
    site.get("/dev/mailbox").await.assert_contains("There are no mails yet.");
    site.get_in("de", "/dev/mailbox").await.assert_contains("Noch sind keine Nachrichten da.");
    assert_eq!(items(&site, "").await, json!([]));
}
