use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailState;
use portcullis_domain::ports::{Clock as _, MailQueue as _};

use super::detail;
use crate::site::Site;

const BOB: &str = "bob@example.com";

/// Sets the only mail in the queue aside.
async fn park(site: &Site) {
    let now = site.clock.now();
    let claim = site.storage.claim(now, now).await.expect("the store works").expect("a mail waits");
    site.storage.park(&claim, "550 <mailbox> unavailable").await.expect("the store works");
}

#[actix_web::test]
async fn a_mail_that_was_set_aside_is_sent_again() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    site.register(BOB).await;
    site.pass_time();
    browser.get("/admin/mail").await.assert_contains("waits");
    park(&site).await;
    let page = browser.get("/admin/mail").await;
    page.assert_is_form_page(200);
    let [row] = &page.rows()[..] else { panic!("one mail: {:?}", page.rows()) };
    for told in [BOB, "Confirm the address", "set aside", "550 &#60;mailbox&#62; unavailable"] {
        assert!(row.contains(told), "{told} in {row}");
    }
    let queued = site.use_cases.list_mail.list(None).await.expect("a list").remove(0);
    let path = format!("/admin/mail/{}/send-again", queued.mail.id);
    browser.send_from("/admin/mail", &path, &[]).await.assert_redirects_to("../../../admin/mail");
    let event = site.assert_audited(AuditKind::MailResend, &root, None).await;
    assert_eq!(detail(&event)["mail_id"], queued.mail.id.to_string());
    browser.get("/admin/mail").await.assert_contains("The mail is sent again.");
    let queued = site.use_cases.list_mail.list(None).await.expect("a list").remove(0);
    assert!(matches!(queued.state, MailState::Waiting { .. }), "{queued:?}");
    site.link_mailed_to(BOB).await;
    browser.get("/admin/mail").await.assert_contains("There is nothing to show.");
    let gone = browser.send_from("/account", &path, &[]).await;
    gone.assert_is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_long_queue_is_listed_in_pages() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    for number in 0..201 {
        site.register(&format!("user-{number}@example.com")).await;
    }
    let first = browser.get("/admin/mail").await;
    assert_eq!(first.rows().len(), 200);
    let next =
        super::attribute(&first, r#"<a class="button secondary" href=".."#).expect("it goes on").to_owned();
    let second = browser.get(&next).await;
    second.assert_is_form_page(200);
    assert_eq!(second.rows().len(), 1);
}

#[actix_web::test]
async fn what_names_no_mail_is_refused() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let page = browser.get("/admin/mail?cursor=made-up").await;
    page.assert_is_form_page(422);
    page.assert_contains("This part of the list cannot be found again.");
    for id in ["x", "00000000-0000-7000-8000-0000000000ff"] {
        let path = format!("/admin/mail/{id}/send-again");
        browser.send_from("/account", &path, &[]).await.assert_is_problem(404, "not_found");
    }
}
