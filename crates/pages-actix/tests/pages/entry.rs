use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::policy::{EmailVerification, Policy, Registration};
use portcullis_domain::ports::{Applicant, RegistrationGate, RegistrationRefusal};
use portcullis_domain::use_cases::Hooks;

use crate::browser::{Browser, SESSION, form_token};
use crate::site::{ADA, PASSWORD, Site};

const NAME: &str = "Ada <script>alert(1)</script> \"& Co";

#[actix_web::test]
async fn somebody_signs_up_confirms_by_code_and_signs_in() {
    let site = Site::new();
    let mut browser = Browser::at(&site);
    browser.get("/sign-up").await.assert_is_form_page(200);
    let fields = [("name", NAME), ("email", ADA), ("password", PASSWORD)];
    browser.send("/sign-up", &fields).await.assert_redirects_to("verify-code");
    let page = browser.get("/verify-code").await;
    page.assert_is_form_page(200);
    page.assert_contains(&format!(r#"value="{ADA}""#));

    let unverified = browser.sign_in(ADA, PASSWORD).await;
    unverified.assert_is_form_page(403);
    unverified.assert_contains("Please confirm your e\u{2011}mail address first.");
    assert_eq!(unverified.cookie(SESSION), None);

    let wrong = browser.send("/verify-code", &[("email", ADA), ("code", "0000000")]).await;
    wrong.assert_is_form_page(400);
    wrong.assert_contains(r#"id="code-error">This code is not right"#);
    let code = site.code_mailed_to(ADA).await;
    browser.send("/verify-code", &[("email", ADA), ("code", &code)]).await.assert_redirects_to("sign-in");
    let page = browser.get("/sign-in").await;
    page.assert_contains("Your address is confirmed.");
    page.assert_contains(&format!(r#"value="{ADA}""#));
    browser.sign_in(ADA, PASSWORD).await.assert_redirects_to("account");
    let account = browser.get("/account").await;
    account.assert_is_form_page(200);
    account.assert_contains("Ada &#60;script&#62;alert(1)&#60;/script&#62; &#34;&#38; Co");
}

#[actix_web::test]
async fn where_verification_is_optional_who_signs_up_is_signed_in() {
    let site = Site::under(Policy { email_verification: EmailVerification::Optional, ..Policy::default() });
    let mut browser = Browser::at(&site);
    browser.send("/sign-up", &[("email", ADA), ("password", PASSWORD)]).await.assert_redirects_to("account");
    browser.get("/account").await.assert_is_form_page(200);
}

#[actix_web::test]
async fn where_registration_is_closed_nobody_is_asked_to_sign_up() {
    let site = Site::under(Policy { registration: Registration::Closed, ..Policy::default() });
    let mut browser = Browser::at(&site);
    browser.get("/sign-up").await.assert_is_form_page(403);
    assert!(!browser.get("/sign-in").await.body.contains("sign-up"));
}

/// Lets nobody register.
struct Nobody;

#[async_trait]
impl RegistrationGate for Nobody {
    async fn admit(&self, _: &Applicant) -> Result<(), RegistrationRefusal> {
        Err(RegistrationRefusal::Refused("Not before <May>.".to_owned()))
    }
}

#[actix_web::test]
async fn whom_the_application_refuses_is_told_why() {
    let hooks = Hooks { registration_gate: Some(Arc::new(Nobody)), ..Hooks::default() };
    let site = Site::with(Policy::default(), hooks);
    let mut browser = Browser::at(&site);
    let page = browser.send("/sign-up", &[("email", ADA), ("password", PASSWORD)]).await;
    page.assert_is_form_page(403);
    page.assert_contains("Not before &#60;May&#62;.");
    page.assert_contains(&format!(r#"value="{ADA}""#));
}

#[actix_web::test]
async fn a_private_installation_answers_alike_for_free_and_taken_addresses() {
    let site = Site::under(Policy { registration: Registration::Private, ..Policy::default() });
    site.register(ADA).await;
    let mut browser = Browser::at(&site);
    for address in [ADA, "grace@example.com"] {
        let answer = browser.send("/sign-up", &[("email", address), ("password", PASSWORD)]).await;
        answer.assert_redirects_to("verify-code");
    }
}

#[actix_web::test]
async fn what_is_wrong_is_told_beside_its_field_and_passwords_are_not_repeated() {
    let site = Site::new();
    site.register(ADA).await;
    let mut browser = Browser::at(&site);
    for (fields, id, words) in [
        ([("email", ""), ("password", PASSWORD)], "email", "Please fill this in."),
        ([("email", "nobody"), ("password", PASSWORD)], "email", "This is not an e\u{2011}mail address."),
        ([("email", ADA), ("password", PASSWORD)], "email", "Another account uses this address."),
        ([("email", "eve@example.com"), ("password", "short")], "password", "Use at least 8 characters."),
        (
            [("email", "eve@example.com"), ("password", "password123")],
            "password",
            "This is one of the passwords",
        ),
        (
            [("email", "eve@example.com"), ("password", "eve@example.com")],
            "password",
            "Choose a password without",
        ),
    ] {
        let page = browser.send("/sign-up", &fields).await;
        assert!([409, 422].contains(&page.status.as_u16()), "{}", page.status);
        page.assert_contains(&format!(r#"<p class="error" id="{id}-error">{words}"#));
        page.assert_contains(&format!(r#"aria-describedby="{id}-error"#));
        assert!(!page.body.contains(PASSWORD) && !page.body.contains("password123"), "{}", page.body);
    }
}

#[actix_web::test]
async fn a_wrong_password_and_a_lockout_are_told_as_the_api_tells_them() {
    let site = Site::new();
    site.verified(ADA).await;
    let mut browser = Browser::at(&site);
    for _ in 0..5 {
        let page = browser.sign_in(ADA, "not the password").await;
        page.assert_is_form_page(401);
        assert_eq!(page.header("www-authenticate"), Some("Bearer"));
        page.assert_contains("There is no account with this name and password.");
        page.assert_contains(r#"name="password" autocomplete="current-password" required autofocus>"#);
        page.assert_contains(&format!(r#"value="{ADA}""#));
    }
    let locked = browser.sign_in(ADA, PASSWORD).await;
    locked.assert_is_form_page(429);
    assert_eq!(locked.header("retry-after"), Some("900"));
    locked.assert_contains("Try again in 15 min");
    let unknown = browser.sign_in("nobody@example.com", "not the password").await;
    unknown.assert_is_form_page(401);
}

#[actix_web::test]
async fn somebody_who_is_sent_to_sign_in_gets_where_they_wanted_and_nowhere_else() {
    let site = Site::new();
    site.verified(ADA).await;
    let mut browser = Browser::at(&site);
    browser.get("/account/sessions").await.assert_redirects_to("../sign-in?next=%2Faccount%2Fsessions");
    browser.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
    browser.post("/account/password", &[]).await.assert_redirects_to("../sign-in");
    browser
        .get("/sign-in?next=%2Faccount%2Fsessions")
        .await
        .assert_contains(r#"<input type="hidden" name="next" value="/account/sessions">"#);
    for (next, expected) in [
        ("/account/sessions", "account/sessions"),
        ("//evil.example", "account"),
        ("https://evil.example/", "account"),
        ("/\\evil.example", "account"),
        ("/javascript:alert(1)", "account"),
    ] {
        let mut browser = Browser::at(&site);
        let fields = [("identifier", ADA), ("password", PASSWORD), ("next", next)];
        browser.send("/sign-in", &fields).await.assert_redirects_to(expected);
    }
}

#[actix_web::test]
async fn a_form_sent_after_signing_out_in_another_tab_is_told_to_be_lost_and_found_again() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    let form = form_token(&browser.get("/account/sessions").await);
    browser.send_from("/account", "/sign-out", &[]).await.assert_redirects_to("sign-in");
    browser.get("/sign-in").await.assert_contains("You are signed out.");

    for (referer, sent_to, expected) in [
        (
            "https://accounts.example.com/account/sessions",
            "/account/sessions/end-others",
            "%2Faccount%2Fsessions",
        ),
        ("https://accounts.example.com/admin/users?q=ada", "/account", "%2Fadmin%2Fusers%3Fq%3Dada"),
        ("http://10.0.0.1:8080/account", "/account", "%2Faccount"),
    ] {
        browser.headers = vec![("accept-language", "en"), ("referer", referer)];
        let lost = browser.post(sent_to, &[("form_token", &form)]).await;
        let location = lost.header("location").expect("a redirection").to_owned();
        assert!(location.ends_with(&format!("sign-in?next={expected}")), "{location}");
        let page = browser.get("/sign-in").await;
        page.assert_contains("nothing was saved");
        page.assert_contains(r#"<div class="banner problem""#);
        assert!(!browser.get("/sign-in").await.body.contains("nothing was saved"), "it is told once");
    }
    for referer in ["https://accounts.example.com//evil.example", "https://accounts.example.com/", "nonsense"]
    {
        browser.headers = vec![("referer", referer)];
        browser.post("/account", &[]).await.assert_redirects_to("sign-in");
    }
}

#[actix_web::test]
async fn below_a_path_the_page_of_a_lost_form_is_told_from_there() {
    let mut site = Site::new();
    site.pages.public_url = "https://example.com/people".to_owned();
    let mut browser = Browser::at(&site);
    browser.headers = vec![("referer", "https://example.com/people/account/email")];
    let lost = browser.post("/account/email", &[]).await;
    lost.assert_redirects_to("../sign-in?next=%2Faccount%2Femail");
    browser.headers = vec![("referer", "https://example.com/elsewhere")];
    browser.post("/account/email", &[]).await.assert_redirects_to("../sign-in");
}

#[actix_web::test]
async fn each_password_can_be_shown_to_who_types_it() {
    let site = Site::new();
    let mut browser = Browser::at(&site);
    browser.get("/sign-in").await.assert_contains(r#"data-reveal="password""#);
    let mut browser = Browser::of_ada(&site).await;
    browser.get("/account/password").await.assert_contains(r#"data-reveal="current_password""#);
}

#[actix_web::test]
async fn a_forgotten_password_is_answered_alike_for_every_address() {
    let site = Site::new();
    site.verified(ADA).await;
    let mut browser = Browser::at(&site);
    let known = browser.send("/forgot-password", &[("email", ADA)]).await;
    let unknown = browser.send("/forgot-password", &[("email", "bob@example.com")]).await;
    known.assert_is_form_page(200);
    assert_eq!(known.body.replace(ADA, ""), unknown.body.replace("bob@example.com", ""));
    let link = site.link_mailed_to(ADA).await;
    site.open("/reset-password", &link).await.assert_is_page(200);
}

#[actix_web::test]
async fn a_new_code_is_promised_to_every_address_alike() {
    let site = Site::new();
    let mut browser = Browser::at(&site);
    let fields = [("email", "nobody@example.com"), ("code", "")];
    let answer = browser.send_from("/verify-code", "/verify-code/resend", &fields).await;
    answer.assert_redirects_to("../verify-code");
    browser.get("/verify-code").await.assert_contains("A new mail is on its way");
}

#[actix_web::test]
async fn every_page_speaks_both_languages() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    for (page, english, german) in [
        ("/account", "Your profile", "Ihr Profil"),
        ("/account/email", "New e\u{2011}mail address", "Neue E\u{2011}Mail-Adresse"),
        ("/account/password", "Change password", "Passwort ändern"),
        ("/account/sessions", "this device", "dieses Gerät"),
        ("/account/delete", "Delete your account", "Konto löschen"),
        ("/forgot-password", "Forgot your password?", "Passwort vergessen?"),
        ("/verify-code", "Check your mail", "Sehen Sie in Ihre E\u{2011}Mails"),
    ] {
        for (language, words) in [("en", english), ("de-AT", german)] {
            browser.headers = vec![("accept-language", language)];
            let answer = browser.get(page).await;
            answer.assert_is_form_page(200);
            answer.assert_contains(words);
            answer.assert_contains(&format!("<html lang=\"{}\">", &language[..2]));
        }
    }
}

#[actix_web::test]
async fn without_account_pages_there_is_what_mails_lead_to() {
    let mut site = Site::new();
    site.pages.are_accounts_shown = false;
    for path in
        ["/", "/sign-in", "/sign-up", "/account", "/account/sessions", "/verify-code", "/forgot-password"]
    {
        site.get(path).await.assert_is_problem(404, "not_found");
    }
    let token = site.verification_link(ADA).await;
    site.open("/verify-email", &token).await.assert_is_page(200);
    let done = site.press("/verify-email", &token).await;
    done.assert_is_page(200);
    assert!(!done.body.contains("sign-in"), "{}", done.body);
}

#[actix_web::test]
async fn the_root_leads_people_to_the_account_and_programs_nowhere() {
    let site = Site::new();
    site.get("/").await.assert_is_problem(404, "not_found");
    let mut browser = Browser::at(&site);
    browser.headers = vec![("accept", "text/html,application/xhtml+xml")];
    browser.get("/").await.assert_redirects_to("account");
    let nothing = browser.get("/account/nothing").await;
    nothing.assert_is_page(404);
    nothing.assert_contains("<h1>There is nothing here</h1>");
    nothing.assert_contains(r#"<a href="../sign-in">Sign in</a>"#);
}

#[actix_web::test]
async fn who_is_signed_in_stays_among_their_pages_where_there_is_nothing() {
    let site = Site::new();
    let mut browser = Browser::of_ada(&site).await;
    browser.headers.push(("accept", "text/html"));
    for path in ["/account/nothing", "/account/a/b/", "/sign-in/x", "/admin/nothing"] {
        let page = browser.get(path).await;
        page.assert_is_form_page(404);
        page.assert_contains("<h1>There is nothing here</h1>");
        page.assert_contains("Back to your account");
        page.assert_contains(r#"<nav class="side""#);
        page.assert_contains("Sign out");
    }
    let no_page = browser.get("/account/sessions/end").await;
    no_page.assert_is_page(405);
    assert_eq!(no_page.header("allow"), Some("POST"));
    no_page.assert_contains(r#"<a href="../../account">Back to your account</a>"#);
    let forged = browser.post("/account", &[("form_token", "x")]).await;
    forged.assert_is_form_page(403);
    forged.assert_contains("<h1>This page has moved on</h1>");
    forged.assert_contains(r#"<nav class="side""#);
    site.storage.fail_next();
    let failed = browser.get("/account").await;
    failed.assert_is_page(503);
    failed.assert_contains(r#"<a href="account">Back to your account</a>"#);
}
