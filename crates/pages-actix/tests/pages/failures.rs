use actix_web::http::Method;
use actix_web::test::TestRequest;
use portcullis_domain::use_cases::LinkKind;

use crate::site::{ADA, PASSWORD, Site};

const PAGES: [&str; 3] = ["/verify-email", "/reset-password", "/confirm-email-change"];

#[actix_web::test]
async fn a_store_that_does_not_answer_is_told_to_people() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    for page in PAGES {
        site.storage.fail_next();
        let looked = site.open(page, &token).await;
        site.storage.fail_next();
        let pressed = site.press(page, &token).await;
        for answer in [looked, pressed] {
            answer.assert_is_page(503);
            answer.assert_contains("<h1>Please try again in a moment</h1>");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
    site.press("/verify-email", &token).await.assert_is_page(200);
}

#[actix_web::test]
async fn a_reset_that_meets_an_overload_can_be_tried_again() {
    let site = Site::new();
    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    let form = format!(
        "token={}&new_password=a+new+password&password_confirm=a+new+password",
        token.expose().as_str()
    );
    site.hasher.set_overloaded(true);
    let refused = site.submit("/reset-password", form.clone()).await;
    refused.assert_is_page(503);
    assert_eq!(refused.header("retry-after"), Some("2"));
    site.hasher.set_overloaded(false);
    assert!(site.can_sign_in(ADA, PASSWORD).await);
    site.submit("/reset-password", form).await.assert_is_page(200);
}

#[actix_web::test]
async fn only_forms_are_taken() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    let form = format!("token={}", token.expose().as_str());
    for page in PAGES {
        for media_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            site.post(page, media_type, form.clone()).await.assert_is_problem(415, "unsupported_media_type");
        }
        let without = site.answer(TestRequest::post().uri(page).set_payload(form.clone())).await;
        without.assert_is_problem(415, "unsupported_media_type");
        let large = format!("{form}&x={}", "x".repeat(64 * 1024));
        site.submit(page, large).await.assert_is_problem(413, "payload_too_large");
        site.submit(page, format!("{form}&{form}")).await.assert_is_problem(422, "validation_failed");
    }
    let with_charset = "application/x-www-form-urlencoded; charset=UTF-8";
    site.post("/verify-email", with_charset, form).await.assert_is_page(200);
}

#[actix_web::test]
async fn other_methods_are_refused() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    for page in PAGES {
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            let uri = format!("{page}?token={}", token.expose().as_str());
            let refused = site.answer(TestRequest::with_uri(&uri).method(method)).await;
            refused.assert_is_problem(405, "method_not_allowed");
            assert_eq!(refused.header("allow"), Some("GET, HEAD, POST"));
        }
        site.get(&format!("{page}/more")).await.assert_is_problem(404, "not_found");
    }
    assert!(site.is_good(LinkKind::Verification, &token).await);
}

#[actix_web::test]
async fn too_many_calls_are_told_to_people() {
    let site = Site::new().limited();
    let token = site.verification_link(ADA).await;
    site.open("/verify-email", &token).await.assert_is_page(200);
    site.press("/confirm-email-change", &token).await.assert_is_page(400);
    for refused in [site.open("/reset-password", &token).await, site.press("/verify-email", &token).await] {
        refused.assert_is_page(429);
        refused.assert_contains("<h1>Please wait a little</h1>");
        refused.assert_contains("Try again in 60 min.");
        refused.assert_contains(r#"<a href="sign-in">Sign in</a>"#);
        for header in ["retry-after", "ratelimit", "ratelimit-policy"] {
            assert!(refused.header(header).is_some(), "{header}");
        }
    }
}
