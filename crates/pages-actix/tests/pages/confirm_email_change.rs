use std::time::Duration;

use portcullis_domain::use_cases::LinkKind;

use crate::site::{ADA, PASSWORD, Site};

const PAGE: &str = "/confirm-email-change";
const NEW: &str = "countess@example.com";

#[actix_web::test]
async fn looking_changes_nothing_and_the_button_moves_the_account() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.email_change_link(ADA, NEW).await;
    for _ in 0..3 {
        let page = site.open(PAGE, &token).await;
        page.assert_is_page(200);
        page.assert_contains("<h1>Confirm your new e\u{2011}mail address</h1>");
        page.assert_contains(NEW);
        page.assert_contains(r#"<form method="post" action="confirm-email-change">"#);
        page.assert_hides(&token);
        site.probe(PAGE, &token).await.assert_is_page(200);
    }
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    let done = site.press(PAGE, &token).await;
    done.assert_is_page(200);
    done.assert_contains("<h1>Your address has changed</h1>");
    done.assert_contains(NEW);
    assert!(site.can_sign_in(NEW, PASSWORD).await);
    assert!(!site.can_sign_in(ADA, PASSWORD).await);
}

#[actix_web::test]
async fn a_link_works_once() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.email_change_link(ADA, NEW).await;
    site.press(PAGE, &token).await.assert_is_page(200);
    site.press(PAGE, &token).await.assert_is_dead_link();
    site.open(PAGE, &token).await.assert_is_dead_link();
}

#[actix_web::test]
async fn an_expired_link_is_dead() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.email_change_link(ADA, NEW).await;
    site.clock.advance(Duration::from_hours(24));
    site.open(PAGE, &token).await.assert_is_dead_link();
    site.press(PAGE, &token).await.assert_is_dead_link();
    site.get(PAGE).await.assert_is_dead_link();
    site.submit(PAGE, "").await.assert_is_dead_link();
}

#[actix_web::test]
async fn an_address_that_was_taken_meanwhile_changes_nothing() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.email_change_link(ADA, NEW).await;
    site.register(NEW).await;
    let refused = site.press(PAGE, &token).await;
    refused.assert_is_page(409);
    refused.assert_contains("<h1>This address is taken</h1>");
    assert!(site.can_sign_in(ADA, PASSWORD).await);
    assert!(site.is_good(LinkKind::EmailChange, &token).await);
}
