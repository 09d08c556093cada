//! Accounts that operators make.

use serde_json::json;

use crate::process::{Finished, Installation};
use crate::sign_in::{mailed_token, sign_in};

pub(crate) const PASSWORD: &str = "a horse that staples";

pub(crate) fn create(installation: &Installation, arguments: &[&str], password: &str) -> Finished {
    let arguments = [&["user", "create", "--password-stdin"], arguments].concat();
    installation.run_with_input(&arguments, password)
}

#[test]
fn the_first_administrator_is_made_before_the_first_start_and_can_sign_in() {
    let installation = Installation::new();
    let arguments =
        ["--email", "ada@example.com", "--username", "ada", "--first-name", "Ada", "--admin", "--json"];
    let user = create(&installation, &arguments, &format!("{PASSWORD}\n")).json();
    assert_eq!(user["roles"], json!(["admin", "user"]));
    assert_eq!((&user["email_verified"], &user["first_name"]), (&json!(true), &json!("Ada")));

    let serving = installation.serve();
    let signed_in = serving.post("/api/v1/auth/login", &json!({"username": "ada", "password": PASSWORD}));
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
}

#[test]
fn an_unverified_account_has_to_verify_its_address_first() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com", "--unverified"], PASSWORD).output();
    let serving = installation.serve();
    let refused =
        serving.post("/api/v1/auth/login", &json!({"email": "ada@example.com", "password": PASSWORD}));
    assert_eq!(refused.status, 403, "{}", refused.body);
}

#[test]
fn one_line_break_ends_the_password_and_all_else_belongs_to_it() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], &format!(" {PASSWORD} \n\n")).output();
    let serving = installation.serve();
    let password = format!(" {PASSWORD} \n");
    let signed_in =
        serving.post("/api/v1/auth/login", &json!({"email": "ada@example.com", "password": password}));
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
}

#[test]
fn roles_are_given_with_the_account() {
    let installation = Installation::new();
    let arguments = ["--email", "ada@example.com", "--role", "user", "--role", "admin", "--json"];
    assert_eq!(create(&installation, &arguments, PASSWORD).json()["roles"], json!(["admin", "user"]));
    let unknown = create(&installation, &["--email", "eve@example.com", "--role", "wizard"], PASSWORD);
    assert_eq!(unknown.failure(), "there is no such role");
}

#[test]
fn who_is_invited_sets_the_first_password_and_has_verified_the_address() {
    let installation = Installation::new();
    let invited = installation.run(&["user", "create", "--email", "ada@example.com", "--invite", "--json"]);
    assert_eq!(invited.json()["email_verified"], json!(false));
    let queued = installation.run(&["mail", "list", "--json"]).json();
    assert_eq!(queued[0]["kind"], json!("invitation"), "{queued}");

    let serving = installation.serve();
    let token = mailed_token(&serving, "ada@example.com");
    let accepted = serving
        .post("/api/v1/auth/password-reset/confirm", &json!({"token": token, "new_password": PASSWORD}));
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!(sign_in(&serving, "ada@example.com", PASSWORD), 200);
    let user = installation.run(&["user", "show", "ada@example.com", "--json"]).json();
    assert_eq!(user["email_verified"], json!(true));
}

#[test]
fn what_keeps_an_account_from_being_made_is_said() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com", "--username", "ada"], PASSWORD).output();
    for (arguments, password, message) in [
        (&["--email", "ADA@example.com"][..], PASSWORD, "the e-mail address is taken"),
        (&["--email", "eve@example.com", "--username", "Ada"], PASSWORD, "the username is taken"),
        (&["--email", "eve@example.com"], "short", "the password is shorter than 8 characters"),
        (&["--email", "eve@example.com"], "password1", "the password is among the most common passwords"),
        (&["--email", "eve@example.com"], "", "the password is empty"),
        (
            &["--email", "eve@example.com"],
            &"x".repeat(129),
            "the password cannot be used: is longer than 128 characters",
        ),
    ] {
        assert_eq!(create(&installation, arguments, password).failure(), message);
    }
}
