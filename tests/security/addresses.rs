//! Mail goes where it should and says what it should (S22 to S24, S28).

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, ServerBuilder};

const REGISTER: &str = "/api/v1/auth/register";

#[tokio::test]
async fn s22_links_come_from_configuration_whatever_the_headers_say() {
    let server =
        ServerBuilder::new().with("PORTCULLIS_PUBLIC_URL", "https://accounts.example.org").start().await;
    let email = "user@example.com";
    for path in [REGISTER, "/api/v1/auth/password-reset/request", "/api/v1/auth/verify/resend"] {
        let request = server
            .request(Method::POST, path)
            .header("host", "evil.example.net")
            .header("x-forwarded-host", "evil.example.net")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example.net;proto=http")
            .header("origin", "https://evil.example.net")
            .json(&json!({ "email": email, "password": PASSWORD }));
        assert!(server.send(request).await.status < 300);
    }
    server.mail_to(email, 2).await;
    for mail in server.mails_to(email).await {
        assert!(!mail.links.is_empty());
        for link in &mail.links {
            assert!(link.starts_with("https://accounts.example.org/"), "{link}");
        }
        assert!(!format!("{mail:?}").contains("evil"));
    }
}

#[tokio::test]
async fn s22_links_lead_to_the_frontend_that_is_configured() {
    let server = ServerBuilder::new()
        .with("PORTCULLIS_FRONTEND_VERIFY_URL", "https://app.example.org/#/verify/{token}")
        .start()
        .await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    server.post(REGISTER, body).await.json(201);
    let mail = server.mail_to("user@example.com", 1).await;
    let link = &mail.links[0];
    let token = link.strip_prefix("https://app.example.org/#/verify/").expect("the configured link");
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
}

#[tokio::test]
async fn s23_what_is_not_exactly_one_address_is_refused_and_nothing_is_mailed() {
    let server = Server::start().await;
    let paths = [REGISTER, "/api/v1/auth/password-reset/request", "/api/v1/auth/verify/resend"];
    for path in paths {
        for email in [
            json!(["user@example.com", "eve@example.net"]),
            json!({ "address": "user@example.com" }),
            json!(7),
            json!(true),
            json!("user@example.com,eve@example.net"),
            json!("user@example.com eve@example.net"),
            json!("user@example.com\r\nBcc: eve@example.net"),
            json!("user@example.com\u{0}"),
            json!("User <user@example.com>"),
        ] {
            let answer = server.post(path, json!({ "email": email, "password": PASSWORD })).await;
            answer.invalid(&[("email", "invalid")]);
        }
        for missing in [json!({ "password": PASSWORD }), json!({ "email": null, "password": PASSWORD })] {
            server.post(path, missing).await.invalid(&[("email", "required")]);
        }
        let twice = r#"{"email":"user@example.com","password":"SecurePass123!","email":"eve@example.net"}"#;
        let request =
            server.request(Method::POST, path).header("content-type", "application/json").body(twice);
        server.send(request).await.problem(400, "malformed_body");
    }
    let mailbox = server.get("/dev/mailbox.json").await.json(200);
    assert_eq!(mailbox["items"], json!([]));
}

#[tokio::test]
async fn s23_a_reset_is_mailed_to_the_stored_address_however_it_was_typed() {
    let server = Server::start().await;
    server.register_verified("Kelvin@example.com").await;
    // The first letter is the Kelvin sign, which is the same address by NFKC.
    let body = json!({ "email": " \u{212a}ELVIN@EXAMPLE.com " });
    server.post("/api/v1/auth/password-reset/request", body).await.json(200);
    let mail = server.mail_to("Kelvin@example.com", 2).await;
    assert!(mail.to.contains("Kelvin@example.com"));
}

#[tokio::test]
async fn s24_spellings_of_one_address_meet_and_look_alikes_do_not() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let register = |email: &str| json!({ "email": email, "password": PASSWORD });
    for (first, same, look_alike) in [
        ("kelvin@example.com", "\u{212a}elvin@example.com", "ke\u{4cf}vin@example.com"),
        ("mike@example.com", "MIKE@EXAMPLE.COM", "m\u{131}ke@example.com"),
        ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example", "a@bucher.example"),
        ("jos\u{e9}@example.com", "jose\u{301}@example.com", "jose@example.com"),
    ] {
        server.post(REGISTER, register(first)).await.json(201);
        server.post(REGISTER, register(same)).await.problem(409, "email_taken");
        server.post(REGISTER, register(look_alike)).await.json(201);
    }
}

#[tokio::test]
async fn s28_a_scanner_that_opens_a_mailed_link_costs_the_person_nothing() {
    let server = Server::start().await;
    let email = "user@example.com";
    server.post(REGISTER, json!({ "email": email, "password": PASSWORD })).await.json(201);
    let verification = server.mail_to(email, 1).await;
    let reset = server.reset_token(email, 1).await;
    let pages = [
        verification.links[0].strip_prefix(server.url()).expect("a page of this server").to_owned(),
        format!("/reset-password?token={reset}"),
    ];
    let api = format!("/api/v1/auth/verify-email/{}", verification.token());
    for _ in 0..3 {
        for page in &pages {
            assert_eq!(server.get(page).await.status, 200);
            server.send(server.request(Method::HEAD, page)).await.empty(200);
        }
        server.send(server.request(Method::HEAD, &api)).await.empty(200);
    }
    let login = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/login", login).await.problem(403, "email_not_verified");
    server.get(&api).await.json(200);
    let confirm = json!({ "token": reset, "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", confirm).await.json(200);
}

#[tokio::test]
async fn the_button_of_the_page_does_what_the_link_says() {
    let server = Server::start().await;
    let email = "user@example.com";
    server.post(REGISTER, json!({ "email": email, "password": PASSWORD })).await.json(201);
    let token = server.mail_to(email, 1).await.token().to_owned();
    let press = |path: &str, form: Vec<(&str, &str)>| {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = server
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        server.send(request)
    };
    assert_eq!(press("/verify-email", vec![("token", &token)]).await.status, 200);
    server.login(email, PASSWORD).await;
    let token = server.reset_token(email, 1).await;
    let page: Value = Value::String(server.get(&format!("/reset-password?token={token}")).await.text);
    assert!(page.as_str().is_some_and(|page| page.contains("new_password")));
    let form = vec![
        ("token", token.as_str()),
        ("new_password", "a%20new%20password"),
        ("password_confirm", "a%20new%20password"),
    ];
    assert_eq!(press("/reset-password", form).await.status, 200);
    server.login(email, "a new password").await;
}
