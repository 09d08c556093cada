use crate::browser::{Browser, SESSION};
use crate::site::{ADA, PASSWORD, Site};

const NEW_PASSWORD: &str = "a whole new password";

#[actix_web::test]
async fn a_profile_is_changed_and_cleared() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let fields = [("name", "Ada Lovelace"), ("username", "ada"), ("first_name", ""), ("last_name", "")];
    browser.send("/account", &fields).await.assert_redirects_to("account");
    let page = browser.get("/account").await;
    page.assert_contains("Your profile is saved.");
    page.assert_contains(r#"value="Ada Lovelace""#);
    assert!(!browser.get("/account").await.body.contains("Your profile is saved."), "it is told once");
    let fields = [("name", ""), ("username", "ada"), ("first_name", ""), ("last_name", "")];
    browser.send("/account", &fields).await.assert_redirects_to("account");
    assert!(!browser.get("/account").await.body.contains("Ada Lovelace"));

    let refused = browser.send("/account", &[("name", "Ada"), ("username", "1 a")]).await;
    refused.assert_is_form_page(422);
    refused.assert_contains(r#"id="username-error">Use 3 to 32 letters"#);
    refused.assert_contains(r#"value="1 a""#);
}

#[actix_web::test]
async fn a_change_of_password_needs_the_old_one_and_ends_the_other_sessions() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let mut other = Browser::at(&site);
    other.sign_in(ADA, PASSWORD).await.assert_redirects_to("account");

    let fields = [("current_password", "not the password"), ("new_password", NEW_PASSWORD)];
    let refused = browser.send("/account/password", &fields).await;
    refused.assert_is_form_page(403);
    refused.assert_contains(r#"id="current_password-error">This is not your password."#);

    let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
    browser.send("/account/password", &fields).await.assert_redirects_to("../account/password");
    browser.get("/account/password").await.assert_contains("Your password is changed");
    other.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
    assert!(!other.cookies.contains_key(SESSION), "what is good for nothing is forgotten");
    assert!(site.can_sign_in(ADA, NEW_PASSWORD).await);
}

#[actix_web::test]
async fn an_account_moves_once_the_link_at_the_new_address_is_followed() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let fields = [("new_email", "lovelace@example.com"), ("password", PASSWORD)];
    browser.send("/account/email", &fields).await.assert_redirects_to("../account/email");
    browser.get("/account/email").await.assert_contains("We have sent a link to the new address.");
    let link = site.link_mailed_to("lovelace@example.com").await;
    site.press("/confirm-email-change", &link).await.assert_is_page(200);
    browser.get("/account/email").await.assert_contains("lovelace@example.com");
}

#[actix_web::test]
async fn an_account_is_deleted_by_who_knows_its_password() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    browser.send("/account/delete", &[("password", "not the password")]).await.assert_is_form_page(403);
    browser.send("/account/delete", &[("password", PASSWORD)]).await.assert_redirects_to("../sign-in");
    assert!(!browser.cookies.contains_key(SESSION));
    browser.get("/sign-in").await.assert_contains("Your account is deleted.");
    assert!(!site.can_sign_in(ADA, PASSWORD).await);
}
