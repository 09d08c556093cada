use std::time::Duration;

use actix_web::cookie::SameSite;

use crate::browser::{Browser, FORM, SESSION};
use crate::site::{ADA, PASSWORD, Site};

#[actix_web::test]
async fn cookies_are_for_this_host_alone_and_no_script_reads_them() {
    let site = Site::new();
    site.verified(ADA).await;
    let mut browser = Browser::at(&site);
    let form = browser.get("/sign-in").await.cookie(FORM).expect("a cookie for forms");
    let session = browser.sign_in(ADA, PASSWORD).await.cookie(SESSION).expect("a session");
    for cookie in [&form, &session] {
        assert_eq!(cookie.secure(), Some(true));
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.same_site(), Some(SameSite::Lax));
        assert_eq!(cookie.path(), Some("/"));
        assert_eq!(cookie.domain(), None);
    }
    assert_eq!(session.max_age().map(actix_web::cookie::time::Duration::whole_days), Some(30));
    assert_eq!(form.max_age(), None);
    let account = browser.get("/account").await;
    assert!(!account.body.contains(session.value()) && !account.body.contains(form.value()));
}

#[actix_web::test]
async fn over_plain_http_cookies_have_another_name() {
    let mut site = Site::new();
    site.pages.public_url = "http://127.0.0.1:8080".to_owned();
    let form = Browser::at(&site).get("/sign-in").await.cookie("portcullis-form").expect("a cookie");
    assert_eq!(form.secure(), None);
    assert_eq!(form.http_only(), Some(true));
}

#[actix_web::test]
async fn a_session_goes_on_with_the_next_refresh_token_once_one_has_served_long_enough() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let first = browser.cookies[SESSION].clone();
    site.clock.advance(Duration::from_mins(29));
    browser.get("/account").await.assert_is_form_page(200);
    assert_eq!(browser.cookies[SESSION], first);
    site.clock.advance(Duration::from_mins(1));
    browser.get("/account").await.assert_is_form_page(200);
    assert_ne!(browser.cookies[SESSION], first);
}

#[actix_web::test]
async fn requests_of_one_browser_at_once_get_the_same_successor() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let spent = browser.cookies[SESSION].clone();
    site.clock.advance(Duration::from_mins(30));
    browser.get("/account").await.assert_is_form_page(200);
    let successor = browser.cookies[SESSION].clone();
    site.clock.advance(Duration::from_secs(9));
    browser.cookies.insert(SESSION.to_owned(), spent);
    browser.get("/account").await.assert_is_form_page(200);
    assert_eq!(browser.cookies[SESSION], successor);
}

#[actix_web::test]
async fn a_head_changes_neither_the_session_nor_the_browser() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let cookies = browser.cookies.clone();
    site.clock.advance(Duration::from_mins(30));
    let told = browser.probe("/account").await;
    assert_eq!((told.status.as_u16(), told.cookies()), (200, vec![]));
    site.clock.advance(Duration::from_secs(10));
    assert_eq!(browser.cookies, cookies);
    browser.get("/account").await.assert_is_form_page(200);
}

#[actix_web::test]
async fn a_stolen_cookie_that_is_used_later_ends_the_session_of_both() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let mut thief = Browser::at(&site);
    thief.cookies.clone_from(&browser.cookies);
    site.clock.advance(Duration::from_mins(30));
    browser.get("/account").await.assert_is_form_page(200);
    site.clock.advance(Duration::from_secs(10));
    thief.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
    browser.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
}

#[actix_web::test]
async fn signing_out_ends_the_session() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let session = browser.cookies[SESSION].clone();
    browser.send_from("/account", "/sign-out", &[]).await.assert_redirects_to("sign-in");
    assert!(!browser.cookies.contains_key(SESSION));
    browser.get("/sign-in").await.assert_contains("You are signed out.");
    browser.cookies.insert(SESSION.to_owned(), session);
    browser.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
}

#[actix_web::test]
async fn one_session_is_ended_from_another_and_then_all_others() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let mut others = [Browser::at(&site), Browser::at(&site), Browser::at(&site)];
    for other in &mut others {
        other.sign_in(ADA, PASSWORD).await.assert_redirects_to("account");
    }
    let page = browser.get("/account/sessions").await;
    page.assert_is_form_page(200);
    assert_eq!(page.body.matches("this device").count(), 1);
    let ids: Vec<_> =
        page.body.split(r#"name="id" value=""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), 3);

    let ended = browser.send_from("/account/sessions", "/account/sessions/end", &[("id", ids[0])]).await;
    ended.assert_redirects_to("../../account/sessions");
    let page = browser.get("/account/sessions").await;
    page.assert_contains("The device is signed out.");
    assert_eq!(page.body.matches(r#"name="id""#).count(), 2);

    browser.send_from("/account/sessions", "/account/sessions/end-others", &[]).await;
    assert_eq!(browser.get("/account/sessions").await.body.matches(r#"name="id""#).count(), 0);
    for other in &mut others {
        other.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
    }
}

#[actix_web::test]
async fn what_is_no_session_is_nobodys() {
    let site = Site::new();
    for value in ["x", "AAAA", &"A".repeat(70)] {
        let mut browser = Browser::at(&site);
        browser.cookies.insert(SESSION.to_owned(), value.to_owned());
        browser.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
        assert!(!browser.cookies.contains_key(SESSION));
    }
}

#[actix_web::test]
async fn an_access_token_in_the_cookie_signs_nobody_in_and_a_cookie_calls_no_api() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    browser.get("/api/v1/auth/me").await.assert_is_problem(401, "unauthenticated");
    let tokens = site.tokens_of(ADA).await;
    browser.cookies.insert(SESSION.to_owned(), tokens.access_token.to_string());
    browser.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
}
