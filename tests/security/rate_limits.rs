//! Rate limits by client address and route group.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use portcullis_throwaway_port::Port;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, PATIENCE, Server, ServerBuilder, SmtpSink};

const LOGIN: &str = "/api/v1/auth/login";
const RESET: &str = "/api/v1/auth/password-reset/request";

/// A server whose limits are in force, three calls an hour of every group but `other`, and that locks no account.
fn limited() -> ServerBuilder {
    ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_LOCKOUT_THRESHOLD", "0")
        .with("PORTCULLIS_RATE_LIMIT", "on")
        .with("PORTCULLIS_RATE_LIMITS", "login=3/1h,register=3/1h,reset=3/1h,verify=3/1h,refresh=3/1h")
}

/// The same behind a proxy, which is every client of a test.
fn limited_behind_a_proxy() -> ServerBuilder {
    limited().with("PORTCULLIS_TRUSTED_PROXIES", "127.0.0.1")
}

fn login(server: &Server) -> RequestBuilder {
    let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
    server.request(Method::POST, LOGIN).json(&body)
}

async fn login_from(server: &Server, header: &str, address: &str) -> Answer {
    server.send(login(server).header(header, address)).await
}

#[tokio::test]
async fn s43_too_many_calls_of_a_group_are_refused_and_those_of_others_are_not() {
    let server = limited().start().await;
    for left in ["2", "1", "0"] {
        let answer = server.send(login(&server)).await;
        answer.problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"login\";q=3;w=3600"));
        assert_eq!(
            answer.header("ratelimit").and_then(|told| told.split(';').nth(1)),
            Some(&*format!("r={left}"))
        );
    }
    let refused = server.send(login(&server)).await;
    let seconds = refused.problem(429, "rate_limited")["retry_after"].as_u64().expect("seconds");
    assert!((1_100..=1_200).contains(&seconds), "{seconds}");
    assert_eq!(refused.header("ratelimit"), Some(&*format!("\"login\";r=0;t={seconds}")));

    let calls: [(&str, Value); 4] = [
        ("/api/v1/auth/register", json!({ "email": "a@example.com", "password": "short" })),
        (RESET, json!({ "email": "a@example.com" })),
        ("/api/v1/auth/verify", json!({ "email": "a@example.com", "code": "000000" })),
        ("/api/v1/auth/refresh", json!({ "refresh_token": "nonsense" })),
    ];
    for (path, body) in calls {
        for _ in 0..3 {
            let answer = server.post(path, body.clone()).await;
            assert_ne!(answer.status, 429, "{path}: {}", answer.text);
        }
        server.post(path, body).await.problem(429, "rate_limited");
    }
    for _ in 0..10 {
        server.get("/api/v1/auth/me").await.problem(401, "unauthenticated");
        assert_eq!(server.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn s43_a_refused_call_is_neither_read_nor_counted_against_an_account() {
    let server = limited_behind_a_proxy().with("PORTCULLIS_LOCKOUT_THRESHOLD", "4").start().await;
    let email = "user@example.com";
    server.register_verified(email).await;
    let attempt = async |address: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let request = server.request(Method::POST, LOGIN).header("X-Forwarded-For", address);
        server.send(request.json(&body)).await
    };
    for _ in 0..3 {
        attempt("192.0.2.1", "wrong").await.problem(401, "invalid_credentials");
    }
    for _ in 0..5 {
        attempt("192.0.2.1", "wrong").await.problem(429, "rate_limited");
    }
    let unreadable = server.request(Method::POST, LOGIN).header("X-Forwarded-For", "192.0.2.1");
    server.send(unreadable.body("x".repeat(1 << 20))).await.problem(429, "rate_limited");
    attempt("192.0.2.2", PASSWORD).await.json(200);
}

#[tokio::test]
async fn s42_a_forged_address_gains_nothing() {
    let server = limited().start().await;
    for number in 0..3 {
        let answer = login_from(&server, "X-Forwarded-For", &format!("192.0.2.{number}")).await;
        answer.problem(401, "invalid_credentials");
    }
    for (header, address) in [
        ("X-Forwarded-For", "192.0.2.9"),
        ("Forwarded", "for=192.0.2.9"),
        ("X-Real-IP", "192.0.2.9"),
        ("X-Forwarded-For", "127.0.0.1, 192.0.2.9"),
    ] {
        login_from(&server, header, address).await.problem(429, "rate_limited");
    }
}

#[tokio::test]
async fn s42_behind_a_trusted_proxy_each_client_is_counted_by_itself() {
    let server = limited_behind_a_proxy().start().await;
    for address in ["192.0.2.1", "192.0.2.2"] {
        for forged in ["", "6.6.6.6, ", "nonsense, "] {
            let answer = login_from(&server, "X-Forwarded-For", &format!("{forged}{address}")).await;
            answer.problem(401, "invalid_credentials");
        }
        for (header, value) in [
            ("X-Forwarded-For", address.to_owned()),
            ("X-Forwarded-For", format!("6.6.6.7, {address}:4711")),
            ("X-Forwarded-For", format!("::ffff:{address}")),
            ("Forwarded", format!("for=6.6.6.8, for=\"{address}:4711\"")),
        ] {
            login_from(&server, header, &value).await.problem(429, "rate_limited");
        }
    }
    // Who contradicts the proxy is counted as the proxy, however they do it.
    for number in 0..4 {
        let contradicting = login(&server)
            .header("X-Forwarded-For", format!("192.0.2.{}", 100 + number))
            .header("Forwarded", format!("for=198.51.100.{number}"));
        let answer = server.send(contradicting).await;
        assert_eq!(answer.status, if number < 3 { 401 } else { 429 }, "{}", answer.text);
    }
}

#[tokio::test]
async fn s42_ipv6_is_counted_by_its_first_64_bits() {
    let server = limited_behind_a_proxy().start().await;
    for address in ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "[2001:db8:0:1:a:b:c:d]:4711"] {
        let answer = login_from(&server, "X-Forwarded-For", address).await;
        answer.problem(401, "invalid_credentials");
    }
    login_from(&server, "X-Forwarded-For", "2001:db8:0:1::9").await.problem(429, "rate_limited");
    let neighbour = login_from(&server, "X-Forwarded-For", "2001:db8:0:2::1").await;
    neighbour.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn s43_many_reset_requests_for_one_address_send_few_mails() {
    const REQUESTS: usize = 100;
    // Mails have to wait, so that none of them is gone before the next is asked for.
    let mail_server = Port::keep().expect("a free port");
    let server = limited_behind_a_proxy()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        .with("PORTCULLIS_SMTP_URL", format!("smtp://{}", mail_server.address()))
        .start()
        .await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let requests = (0..REQUESTS).map(|number| {
        let request = server.request(Method::POST, RESET);
        let request = request.header("X-Forwarded-For", format!("192.0.2.{number}"));
        server.send(request.json(&json!({ "email": email })))
    });
    for answer in join_all(requests).await {
        answer.json(200);
    }
    // One that is tried in vain meanwhile stands for none; when it waits again it does.
    let queued = async || {
        let mails = server.run(&["mail", "list", "--json"]).await.json();
        let mails = mails.as_array().expect("an array").iter();
        mails.filter(|mail| mail["kind"] == "reset_password").count()
    };
    let begun = Instant::now();
    while queued().await != 1 {
        assert!(begun.elapsed() < PATIENCE, "one waits for all");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let sink = SmtpSink::start(mail_server.address()).await;
    while queued().await != 0 {
        assert!(begun.elapsed() < PATIENCE, "it is delivered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mails = sink.mails();
    let resets = mails.iter().filter(|mail| mail.text.contains("/reset-password?token="));
    assert_eq!(resets.count(), 1, "{mails:?}");
}

#[tokio::test]
async fn s43_many_private_registrations_of_one_address_send_few_mails() {
    const MAILS: usize = 6;
    let server = limited_behind_a_proxy().with("PORTCULLIS_REGISTRATION", "private").start().await;
    let email = "user@example.com";
    for number in 0..MAILS + 3 {
        let request = server.request(Method::POST, "/api/v1/auth/register");
        let request = request.header("X-Forwarded-For", format!("192.0.2.{number}"));
        let answer = server.send(request.json(&json!({ "email": email, "password": PASSWORD }))).await;
        answer.json(202);
        if number < MAILS {
            server.mail_to(email, number + 1).await;
        }
    }
    // One that came later would have made the link void.
    let last = server.mail_to(email, MAILS).await;
    let reset = json!({ "token": last.token(), "new_password": "OwnersPassword3!" });
    server.post("/api/v1/auth/password-reset/confirm", reset).await.json(200);
}

#[tokio::test]
async fn s43_registrations_that_are_refused_do_not_keep_out_the_owner_of_an_address() {
    let server = limited_behind_a_proxy().with("PORTCULLIS_REGISTRATION", "private").start().await;
    let register_from = async |number: usize, body: Value| {
        let request = server.request(Method::POST, "/api/v1/auth/register");
        let request = request.header("X-Forwarded-For", format!("192.0.2.{number}"));
        server.send(request.json(&body)).await
    };
    let others = json!({ "email": "eve@example.com", "password": PASSWORD, "username": "eve" });
    register_from(0, others).await.json(202);
    let email = "user@example.com";
    register_from(1, json!({ "email": email, "password": PASSWORD })).await.json(202);
    for number in 2..10 {
        let refused = json!({ "email": email, "password": PASSWORD, "username": "eve" });
        register_from(number, refused).await.problem(409, "username_taken");
    }
    server.mail_to(email, 1).await;
    register_from(10, json!({ "email": email, "password": "OwnersPassword3!" })).await.json(202);
    let way_in = server.mail_to(email, 2).await;
    // The claim of who came first has ended: its owner sets a password.
    let reset = json!({ "token": way_in.token(), "new_password": "OwnersPassword3!" });
    server.post("/api/v1/auth/password-reset/confirm", reset).await.json(200);
}

#[tokio::test]
async fn s43_many_changes_to_one_address_send_few_mails() {
    let server = limited_behind_a_proxy().with("PORTCULLIS_EMAIL_VERIFICATION", "optional").start().await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let token = server.post("/api/v1/auth/register", body).await.json(201)["access_token"].clone();
    let token = token.as_str().expect("a token");
    let change_with = async |password: &str, number: usize, new_email: &str| {
        let request = server.request(Method::POST, "/api/v1/auth/email-change").bearer_auth(token);
        let request = request.header("X-Forwarded-For", format!("192.0.2.{number}"));
        server.send(request.json(&json!({ "new_email": new_email, "password": password }))).await
    };
    let change_from = async |number, new_email| change_with(PASSWORD, number, new_email).await;
    // Who does not know the password makes no mail, and uses up none.
    for number in 0..3 {
        let refused = change_with("NotTheirPassword1!", number, "stranger@example.com").await;
        refused.problem(403, "wrong_password");
    }
    for number in 0..6 {
        change_from(number, "stranger@example.com").await.json(202);
    }
    let refused = change_from(6, "Stranger@example.com").await;
    let seconds = refused.problem(429, "rate_limited")["retry_after"].as_u64().expect("seconds");
    assert!((540..=600).contains(&seconds), "{seconds}");
    change_from(7, "another@example.com").await.json(202);
}
