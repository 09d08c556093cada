use std::time::Duration;

use portcullis_domain::TokenSecret;
use portcullis_domain::use_cases::LinkKind;

use crate::site::{ADA, Answer, PASSWORD, Site};

const PAGE: &str = "/reset-password";
const NEW_PASSWORD: &str = "a whole new password";

async fn set(site: &Site, token: &TokenSecret, password: &str, again: &str) -> Answer {
    let token = token.expose();
    let token = token.as_str();
    site.submit(PAGE, format!("token={token}&new_password={password}&password_confirm={again}")).await
}

#[actix_web::test]
async fn looking_changes_nothing_and_the_form_sets_the_password() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    for _ in 0..3 {
        let page = site.open(PAGE, &token).await;
        page.assert_is_page(200);
        page.assert_contains("<h1>Set a new password</h1>");
        page.assert_contains(ADA);
        page.assert_contains(r#"<form method="post" action="reset-password">"#);
        page.assert_hides(&token);
        assert_eq!(page.body.matches(r#"autocomplete="new-password""#).count(), 2);
        site.probe(PAGE, &token).await.assert_is_page(200);
    }
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    let done = set(&site, &token, "a+whole+new%20password", "a+whole+new%20password").await;
    done.assert_is_page(200);
    done.assert_contains("<h1>Your password is set</h1>");
    assert!(site.can_sign_in(ADA, NEW_PASSWORD).await);
    assert!(!site.can_sign_in(ADA, PASSWORD).await);
}

#[actix_web::test]
async fn a_refused_password_is_told_beside_its_field_and_costs_nothing() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    let too_long = "x".repeat(129);
    for (password, reason) in [
        ("", "Use at least 8 characters."),
        ("short", "Use at least 8 characters."),
        (too_long.as_str(), "Use at most 128 characters."),
        ("password123", "This is one of the passwords that are guessed first."),
        ("xx-ada%40example.com-xx", "Choose a password without your e\u{2011}mail address"),
    ] {
        let page = set(&site, &token, password, password).await;
        page.assert_is_page(422);
        page.assert_contains(&format!(r#"<p class="error" id="new_password-error">{reason}"#));
        page.assert_contains(
            r#"aria-invalid="true" aria-describedby="new_password-error new_password-hint""#,
        );
        page.assert_hides(&token);
        assert!(password.is_empty() || !page.body.contains(password), "the page repeats the password");
    }
    assert!(site.can_sign_in(ADA, PASSWORD).await);
    set(&site, &token, NEW_PASSWORD, NEW_PASSWORD).await.assert_is_page(200);
    assert!(site.can_sign_in(ADA, NEW_PASSWORD).await);
}

#[actix_web::test]
async fn two_different_passwords_are_told_beside_the_second() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    let page = set(&site, &token, NEW_PASSWORD, "another new password").await;
    page.assert_is_page(422);
    page.assert_contains(
        r#"<p class="error" id="password_confirm-error">This is not the same password as above."#,
    );
    page.assert_contains(r#"aria-invalid="true" aria-describedby="password_confirm-error""#);
    page.assert_hides(&token);
    assert!(site.is_good(LinkKind::PasswordReset, &token).await);
    assert!(site.can_sign_in(ADA, PASSWORD).await);
}

#[actix_web::test]
async fn a_link_works_once() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    set(&site, &token, NEW_PASSWORD, NEW_PASSWORD).await.assert_is_page(200);
    set(&site, &token, "yet another password", "yet another password").await.assert_is_dead_link();
    site.open(PAGE, &token).await.assert_is_dead_link();
    assert!(site.can_sign_in(ADA, NEW_PASSWORD).await);
}

#[actix_web::test]
async fn a_dead_link_is_told_before_what_is_wrong_with_the_password() {
    let site = Site::new();
    site.verified(ADA).await;
    let older = site.reset_link(ADA).await;
    let token = site.reset_link(ADA).await;
    set(&site, &older, "short", "shorter").await.assert_is_dead_link();
    site.clock.advance(Duration::from_mins(30));
    site.open(PAGE, &token).await.assert_is_dead_link();
    set(&site, &token, NEW_PASSWORD, NEW_PASSWORD).await.assert_is_dead_link();
    site.get(PAGE).await.assert_is_dead_link();
    site.submit(PAGE, "").await.assert_is_dead_link();
    assert!(site.can_sign_in(ADA, PASSWORD).await);
}
