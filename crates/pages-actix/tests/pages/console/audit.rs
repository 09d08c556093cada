use std::time::Duration;

use portcullis_domain::OwnPermission::AuditRead;

use super::attribute;
use crate::browser::Browser;
use crate::site::{ADA, PASSWORD, Site};

#[actix_web::test]
async fn events_are_listed_with_who_did_them_and_filtered() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    site.clock.advance(Duration::from_hours(24));
    assert!(!site.can_sign_in(ADA, "not the password").await);
    site.pass_time();
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    let page = browser.get("/admin/audit").await;
    page.assert_is_form_page(200);
    let rows = page.rows();
    assert!(rows[0].contains("Sign-in") && !rows[0].contains("failed"), "{}", rows[0]);
    assert!(rows[1].contains("failed") && rows[1].contains("reason: wrong_password"), "{}", rows[1]);

    let of_ada = browser.get(&format!("/admin/audit?user_id={}&kind=&since=&until=", ada.id)).await;
    assert_eq!(of_ada.rows().len(), 3, "{:?}", of_ada.rows());
    let logins = browser.get(&format!("/admin/audit?user_id={}&kind=login", ada.id)).await;
    assert_eq!(logins.rows().len(), 2);
    logins.assert_contains(r#"<option value="login" selected>Sign-in</option>"#);
    let created = browser.get(&format!("/admin/users/{}", root.id)).await;
    created
        .assert_contains(&format!("../../admin/audit?user_id={}", root.id.to_string().replace('-', "%2D")));
}

#[actix_web::test]
async fn a_span_of_days_has_its_first_and_its_last_in_it() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let day = browser.get("/admin/audit").await;
    let today = attribute(&day, r#"<time datetime=""#).expect("an event")[..10].to_owned();
    let count = browser.get("/admin/audit").await.rows().len();
    site.clock.advance(Duration::from_hours(24));
    site.made(ADA, &[]).await;
    let of_today = browser.get(&format!("/admin/audit?since={today}&until={today}")).await;
    assert_eq!(of_today.rows().len(), count);
    assert_eq!(browser.get(&format!("/admin/audit?since={today}")).await.rows().len(), count + 1);
    assert!(browser.get("/admin/audit?until=1970-01-01").await.rows().is_empty());
}

#[actix_web::test]
async fn the_trail_goes_on_page_by_page_under_the_same_filter() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    site.made(ADA, &[]).await;
    for _ in 0..60 {
        assert!(site.can_sign_in(ADA, PASSWORD).await);
    }
    let first = browser.get("/admin/audit?kind=login").await;
    assert_eq!(first.rows().len(), 50);
    let next = attribute(&first, r#"<a class="button secondary" href=".."#).expect("it goes on").to_owned();
    assert!(next.contains("kind=login&#38;cursor="), "{next}");
    let second = browser.get(&next.replace("&#38;", "&")).await;
    second.assert_is_form_page(200);
    assert_eq!(second.rows().len(), 11, "the administrator's own is among them");
    let cursor = next.split("cursor=").nth(1).expect("a cursor");
    let elsewhere = browser.get(&format!("/admin/audit?kind=logout&cursor={cursor}")).await;
    elsewhere.assert_is_form_page(422);
    elsewhere.assert_contains("This part of the list cannot be found again.");
}

#[actix_web::test]
async fn what_makes_no_sense_is_told_beside_it() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let invalid = "This cannot be used here.";
    for (query, field, told) in [
        ("user_id=ada", "user_id", "Enter an e\u{2011}mail address or the id of a user."),
        ("user_id=nobody%40example.com", "user_id", "You see no account with this address."),
        ("kind=nothing", "kind", invalid),
        ("since=yesterday", "since", "Enter a day, such as"),
        ("until=2026-02-30", "until", "Enter a day, such as"),
        ("until=-1-01-01", "until", "Enter a day, such as"),
    ] {
        let page = browser.get(&format!("/admin/audit?{query}")).await;
        page.assert_is_form_page(422);
        page.assert_contains(&format!(r#"id="{field}-error">{told}"#));
    }
}

#[actix_web::test]
async fn people_are_named_and_found_by_their_address_until_they_are_deleted() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    assert!(site.can_sign_in(ADA, PASSWORD).await);
    site.pass_time();
    let of_ada = browser.get("/admin/audit?user_id=ADA%40example.com").await;
    of_ada.assert_is_form_page(200);
    assert_eq!(of_ada.rows().len(), 2, "{:?}", of_ada.rows());
    of_ada.assert_contains(&format!(r#"<a href="../admin/users/{}" translate="no">{ADA}</a>"#, ada.id));
    of_ada.assert_contains(r#"value="ADA@example.com""#);
    let made = browser.get("/admin/audit?kind=user_creation").await;
    assert!(made.rows()[0].contains(ADA), "{:?}", made.rows());

    browser.send(&format!("/admin/users/{}/delete", ada.id), &[]).await;
    let id = ada.id.to_string();
    let gone = browser.get(&format!("/admin/audit?user_id={id}")).await;
    assert_eq!(gone.rows().len(), 3, "{:?}", gone.rows());
    assert!(gone.rows().iter().all(|row| row.contains(&format!("…{}", &id[24..])) && !row.contains(ADA)));
    assert!(!gone.body.contains(&format!("admin/users/{id}")), "{}", gone.body);
    browser.get("/admin/audit?user_id=ada%40example.com").await.assert_is_form_page(422);
}

#[actix_web::test]
async fn events_tell_from_where_and_with_what() {
    let site = Site::new();
    site.made(super::ROOT, &["admin"]).await;
    let mut browser = Browser::at(&site);
    browser.headers = vec![
        ("accept-language", "en"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
    ];
    browser.sign_in(super::ROOT, PASSWORD).await.assert_redirects_to("account");
    let page = browser.get("/admin/audit?kind=login").await;
    assert!(page.rows()[0].contains("Firefox on Linux"), "{:?}", page.rows());
    page.assert_contains(r#"title="Mozilla/5.0 (X11; Linux x86_64; rv:150.0)"#);
}

#[actix_web::test]
async fn who_may_not_see_accounts_is_not_led_to_them() {
    let site = Site::new();
    site.holding("auditor", &[AuditRead]).await;
    let mut browser = Browser::of(&site, "auditor@example.com").await;
    let page = browser.get("/admin/audit").await;
    assert!(!page.rows().is_empty());
    assert!(!page.body.contains("/admin/users/"), "{}", page.body);
    assert!(!page.rows().iter().any(|row| row.contains('@')), "{:?}", page.rows());
    let probed = browser.get("/admin/audit?user_id=auditor%40example.com").await;
    probed.assert_is_form_page(422);
    probed.assert_contains("You see no account with this address.");
}
