use std::time::Duration;

use portcullis_domain::TokenSecret;
use portcullis_domain::use_cases::LinkKind;

use crate::site::{ADA, Site};

const PAGE: &str = "/verify-email";

async fn is_verified(site: &Site, token: &TokenSecret) -> bool {
    let link =
        site.use_cases.inspect_link.inspect(LinkKind::Verification, token).await.expect("the store works");
    link.expect("a good link").user.email_verified
}

#[actix_web::test]
async fn looking_changes_nothing_and_the_button_verifies() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    for _ in 0..3 {
        let page = site.open(PAGE, &token).await;
        page.assert_is_page(200);
        page.assert_contains("<h1>Confirm your e\u{2011}mail address</h1>");
        page.assert_contains(ADA);
        page.assert_contains(r#"<form method="post" action="verify-email">"#);
        page.assert_hides(&token);
        site.probe(PAGE, &token).await.assert_is_page(200);
    }
    assert!(!is_verified(&site, &token).await);

    let done = site.press(PAGE, &token).await;
    done.assert_is_page(200);
    done.assert_contains("<h1>Your address is confirmed</h1>");
    done.assert_contains(ADA);
    assert!(is_verified(&site, &token).await);
}

#[actix_web::test]
async fn who_comes_again_is_told_that_it_is_done() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    site.press(PAGE, &token).await;
    for answer in [site.open(PAGE, &token).await, site.press(PAGE, &token).await] {
        answer.assert_is_page(200);
        answer.assert_contains("<h1>Your address is confirmed</h1>");
    }
}

#[actix_web::test]
async fn an_expired_link_is_dead() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    site.clock.advance(Duration::from_hours(24));
    site.open(PAGE, &token).await.assert_is_dead_link();
    site.probe(PAGE, &token).await.assert_is_page(400);
    site.press(PAGE, &token).await.assert_is_dead_link();
}

#[actix_web::test]
async fn what_is_no_link_is_dead() {
    let site = Site::new();
    for query in ["", "?token=", "?token=nonsense", "?other=1"] {
        site.get(&format!("{PAGE}{query}")).await.assert_is_dead_link();
    }
    for form in ["", "token=", "token=nonsense", "other=1"] {
        site.submit(PAGE, form).await.assert_is_dead_link();
    }
}

#[actix_web::test]
async fn a_link_for_something_else_is_dead() {
    let site = Site::new();
    site.verified(ADA).await;
    let reset = site.reset_link(ADA).await;
    site.open(PAGE, &reset).await.assert_is_dead_link();
    site.press(PAGE, &reset).await.assert_is_dead_link();
    assert!(site.is_good(LinkKind::PasswordReset, &reset).await);
}

#[actix_web::test]
async fn a_hostile_address_is_text() {
    let site = Site::new();
    let token = site.verification_link("a'&b@example.com").await;
    let page = site.open(PAGE, &token).await;
    page.assert_contains("a&#39;&#38;b@example.com");
    assert!(!page.body.contains("a'&b"));
}
