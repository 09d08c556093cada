use crate::browser::{Browser, FORM, form_token};
use crate::site::{ADA, Answer, PASSWORD, Site};

/// Every form that acts for who is signed in, or signs somebody in.
const FORMS: [&str; 12] = [
    "/sign-in",
    "/sign-up",
    "/verify-code",
    "/verify-code/resend",
    "/forgot-password",
    "/sign-out",
    "/account",
    "/account/email",
    "/account/password",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/delete",
];

#[track_caller]
fn assert_is_refused(answer: &Answer, form: &str) {
    assert_eq!(answer.status, 403, "{form}: {}", answer.body);
    answer.assert_contains("<h1>This page has moved on</h1>");
}

#[actix_web::test]
async fn a_form_without_its_token_is_refused() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    for form in FORMS {
        assert_is_refused(&browser.post(form, &[("password", PASSWORD), ("email", ADA)]).await, form);
        assert_is_refused(&browser.post(form, &[("form_token", "x")]).await, form);
    }
    browser.get("/account").await.assert_is_form_page(200);
}

#[actix_web::test]
async fn a_token_of_another_browser_or_of_another_session_is_refused() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let own = form_token(&browser.get("/account").await);
    let of_stranger = form_token(&Browser::at(&site).get("/sign-in").await);
    let mut signed_out = Browser::at(&site);
    signed_out.cookies.insert(FORM.to_owned(), browser.cookies[FORM].clone());
    let before_signing_in = form_token(&signed_out.get("/sign-in").await);
    for token in [of_stranger, before_signing_in] {
        assert_ne!(token, own);
        assert_is_refused(&browser.post("/account/sessions/end-others", &[("form_token", &token)]).await, "");
    }
    let mut without_cookie = Browser::at(&site);
    without_cookie.cookies.clone_from(&browser.cookies);
    without_cookie.cookies.remove(FORM);
    assert_is_refused(&without_cookie.post("/sign-out", &[("form_token", &own)]).await, "");
    browser.post("/sign-out", &[("form_token", &own)]).await.assert_redirects_to("sign-in");
}

#[actix_web::test]
async fn a_form_that_the_browser_says_is_from_elsewhere_is_refused_whatever_its_token() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let token = form_token(&browser.get("/account").await);
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "https://accounts.example.com.evil.example"),
    ] {
        browser.headers = vec![header];
        assert_is_refused(&browser.post("/sign-out", &[("form_token", &token)]).await, header.1);
    }
    browser.headers = vec![("sec-fetch-site", "same-origin"), ("origin", "https://accounts.example.com")];
    browser.post("/sign-out", &[("form_token", &token)]).await.assert_redirects_to("sign-in");
}

#[actix_web::test]
async fn a_mailed_link_is_not_pressed_from_another_site() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    let mut browser = Browser::at(&site);
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    let token = token.expose();
    assert_is_refused(&browser.post("/verify-email", &[("token", token.as_str())]).await, "/verify-email");
}
