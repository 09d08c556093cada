use crate::harness::{PASSWORD, Server, ServerBuilder};
use crate::in_browser::chromium::Chromium;

const ADA: &str = "ada@example.com";
const NEW_PASSWORD: &str = "NewSecurePass456!";
const LAST_PASSWORD: &str = "the last of three passwords";

async fn sign_up_by_code(browser: &Chromium, server: &Server, has_scripts: bool) {
    let url = server.url();
    browser.open(&format!("{url}/")).await;
    browser.press("main .ways a").await;
    browser.fill_in("name", "Ada Lovelace").await;
    browser.fill_in("email", ADA).await;
    browser.fill_in("password", PASSWORD).await;
    browser.send().await;
    browser.wait_for("Check your mail").await;

    server.mail_to(ADA, 1).await;
    browser.open(&format!("{url}/dev/mailbox")).await;
    browser.press(".mails a").await;
    let code = browser.text("#code").await;
    browser.open(&format!("{url}/verify-code")).await;
    browser.fill_in("code", &code).await;
    if !has_scripts {
        browser.send().await;
    }
    browser.wait_for("Your address is confirmed.").await;
}

async fn sign_in(browser: &Chromium, server: &Server, password: &str) {
    browser.open(&format!("{}/sign-in", server.url())).await;
    browser.fill_in("identifier", ADA).await;
    browser.fill_in("password", password).await;
    browser.send().await;
    browser.wait_for("Your profile").await;
}

async fn look_after_the_account(browser: &Chromium, server: &Server) {
    let url = server.url();
    sign_in(browser, server, PASSWORD).await;
    browser.press(".side a[href$=password]").await;
    browser.fill_in("current_password", PASSWORD).await;
    browser.fill_in("new_password", NEW_PASSWORD).await;
    browser.send().await;
    browser.wait_for("Your password is changed").await;

    let elsewhere = server.login(ADA, NEW_PASSWORD).await;
    browser.press(".side a[href$=sessions]").await;
    browser.wait_for("this device").await;
    browser.press(".sessions form button").await;
    browser.wait_for("The device is signed out.").await;
    server.get_as(&elsewhere.access_token, "/api/v1/auth/me").await.problem(401, "invalid_access_token");

    browser.press(".who button").await;
    browser.wait_for("You are signed out.").await;
    browser.open(&format!("{url}/account")).await;
    browser.wait_for("Forgot password?").await;
}

async fn reset_a_forgotten_password(browser: &Chromium, server: &Server) {
    browser.press("main .aside a").await;
    browser.fill_in("email", ADA).await;
    browser.send().await;
    browser.wait_for("a link to set a new password is on its way").await;
    let mail = server.nth_mail_to(ADA, 1, |mail| mail.text.contains("reset-password")).await;
    let link = mail.links.iter().find(|link| link.contains("reset-password")).expect("a link");
    browser.open(link).await;
    browser.fill_in("new_password", LAST_PASSWORD).await;
    browser.fill_in("password_confirm", LAST_PASSWORD).await;
    browser.send().await;
    browser.wait_for("Your password is set").await;
    sign_in(browser, server, LAST_PASSWORD).await;
}

async fn walk(browser: &Chromium, has_scripts: bool) {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    sign_up_by_code(browser, &server, has_scripts).await;
    look_after_the_account(browser, &server).await;
    reset_a_forgotten_password(browser, &server).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_up_looks_after_the_account_and_resets_a_forgotten_password() {
    walk(&Chromium::start().await, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_all_forms_work() {
    walk(&Chromium::without_scripts().await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_keeps_the_cookies_that_are_for_this_host_alone() {
    let builder = ServerBuilder::new().with_cheap_hashes();
    let server = builder.with("PORTCULLIS_PUBLIC_URL", "https://accounts.test").start().await;
    server.register_verified(ADA).await;
    let browser = Chromium::start().await;
    sign_in(&browser, &server, PASSWORD).await;
    let session = browser.cookie("__Host-portcullis-session").await;
    assert_eq!((&session["secure"], &session["httpOnly"]), (&true.into(), &true.into()));
    assert_eq!(browser.evaluate("return document.cookie").await, "", "no script reads them");
}
