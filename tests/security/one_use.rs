//! One use means one (S1 to S6).

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, PATIENCE, Server, ServerBuilder};

const AT_ONCE: usize = 50;

/// Two of them on PostgreSQL, raced through both.
async fn cheap_server() -> Server {
    ServerBuilder::new().with_cheap_hashes().raced().start().await
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn s1_a_refresh_token_raced_has_one_successor() {
    let server = cheap_server().await;
    let signed_in = server.signed_in("user@example.com").await;
    let mut token = signed_in.refresh_token;
    for _ in 0..5 {
        let answers = join_all((0..AT_ONCE).map(|_| server.refresh(&token))).await;
        let successors: BTreeSet<String> = answers
            .iter()
            .map(|answer| answer.json(200)["refresh_token"].as_str().expect("a token").to_owned())
            .collect();
        assert_eq!(successors.len(), 1, "one live chain");
        token = successors.into_iter().next().expect("one");
    }
    server.refresh(&token).await.json(200);
}

#[tokio::test]
async fn s2_an_older_spent_token_ends_the_session_even_when_the_service_is_killed_right_after() {
    let server = cheap_server().await;
    let first = server.signed_in("user@example.com").await;
    let second = server.refreshed(&first).await;
    let third = server.refreshed(&second).await;
    let server = server.crash_and_restart().await;
    server.refresh(&first.refresh_token).await.problem(401, "invalid_refresh_token");
    let server = server.crash_and_restart().await;
    assert!(server.has_ended(&third).await);
}

#[tokio::test]
async fn s3_a_refresh_whose_answer_was_lost_can_be_repeated_even_after_a_crash() {
    // However long a start takes.
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_REFRESH_GRACE", "60s")
        .raced()
        .start()
        .await;
    let first = server.signed_in("user@example.com").await;
    let lost = server.refreshed(&first).await;
    let server = server.crash_and_restart().await;
    let repeated = server.refreshed(&first).await;
    assert_eq!(repeated.refresh_token, lost.refresh_token);
    server.refreshed(&repeated).await;
}

#[tokio::test]
async fn s4_a_reset_raced_has_one_winner_and_only_its_password_counts() {
    let server = cheap_server().await;
    let email = "user@example.com";
    server.register_verified(email).await;
    let token = server.reset_token(email, 1).await;
    let path = "/api/v1/auth/password-reset/confirm";
    let refused = json!({ "token": token, "new_password": "short" });
    server.post(path, refused).await.invalid(&[("new_password", "too_short")]);

    let passwords: Vec<String> = (0..AT_ONCE).map(|number| format!("new password {number}")).collect();
    let answers = join_all(
        passwords
            .iter()
            .map(|password| server.post(path, json!({ "token": token, "new_password": password }))),
    )
    .await;
    assert_eq!(count(&answers, 200), 1, "{:?}", statuses(&answers));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)), "{:?}", statuses(&answers));
    let winner = answers.iter().position(|answer| answer.status == 200).expect("one");
    server.login(email, &passwords[winner]).await;
    for old in [PASSWORD, &passwords[(winner + 1) % AT_ONCE]] {
        server
            .post("/api/v1/auth/login", json!({ "email": email, "password": old }))
            .await
            .problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn s4_an_email_change_raced_happens_once() {
    let server = cheap_server().await;
    let signed_in = server.signed_in("old@example.com").await;
    let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
    server.post_as(&signed_in.access_token, "/api/v1/auth/email-change", body).await.json(202);
    let token = server.mail_to("new@example.com", 1).await.token().to_owned();
    let confirm = || server.post("/api/v1/auth/email-change/confirm", json!({ "token": token }));
    let answers = join_all((0..AT_ONCE).map(|_| confirm())).await;
    assert_eq!(count(&answers, 200), 1, "{:?}", statuses(&answers));
    assert_eq!(count(&answers, 400), AT_ONCE - 1);
}

#[tokio::test]
async fn s4_a_code_raced_verifies_once_and_a_link_as_often_as_it_is_opened() {
    let server = cheap_server().await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let mail = server.mail_to(email, 1).await;
    let verify = || server.post("/api/v1/auth/verify", json!({ "email": email, "code": mail.code() }));
    let answers = join_all((0..AT_ONCE).map(|_| verify())).await;
    assert_eq!(count(&answers, 200), 1, "{:?}", statuses(&answers));
    let path = format!("/api/v1/auth/verify-email/{}", mail.token());
    let answers = join_all((0..AT_ONCE).map(|_| server.get(&path))).await;
    assert_eq!(count(&answers, 200), AT_ONCE, "{:?}", statuses(&answers));
}

#[tokio::test]
async fn s5_one_address_or_username_registered_at_once_makes_one_account() {
    let server = cheap_server().await;
    // So many at once may be too many for a busy machine; 503 says that nothing was done.
    let register = async |body: Value| {
        let begun = Instant::now();
        loop {
            let answer = server.post("/api/v1/auth/register", body.clone()).await;
            if answer.status != 503 || begun.elapsed() > PATIENCE {
                return answer;
            }
            answer.problem(503, "store_unavailable");
        }
    };
    let same_address = join_all((0..AT_ONCE).map(|number| {
        let email = if number % 2 == 0 { "same@example.com" } else { "SAME@EXAMPLE.COM" };
        register(json!({ "email": email, "password": PASSWORD, "username": format!("user{number}") }))
    }));
    let same_username = join_all((0..AT_ONCE).map(|number| {
        register(
            json!({ "email": format!("u{number}@example.com"), "password": PASSWORD, "username": "Same" }),
        )
    }));
    let (same_address, same_username) = tokio::join!(same_address, same_username);
    for (answers, code) in [(same_address, "email_taken"), (same_username, "username_taken")] {
        assert_eq!(count(&answers, 201), 1, "{:?}", statuses(&answers));
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.problem(409, code);
        }
    }
}

#[tokio::test]
async fn s6_wrong_codes_are_all_counted_and_five_end_the_code() {
    let server = cheap_server().await;
    let email = "user@example.com";
    server.post("/api/v1/auth/register", json!({ "email": email, "password": PASSWORD })).await.json(201);
    let mail = server.mail_to(email, 1).await;
    let wrong = if mail.code() == "000000" { "000001" } else { "000000" };
    for address in [email, "nobody@example.com"] {
        let guess = || server.post("/api/v1/auth/verify", json!({ "email": address, "code": wrong }));
        let answers = join_all((0..AT_ONCE).map(|_| guess())).await;
        assert_eq!(count(&answers, 400), 5, "{address}: {:?}", statuses(&answers));
        assert_eq!(count(&answers, 429), AT_ONCE - 5);
    }
    let right = json!({ "email": email, "code": mail.code() });
    server.post("/api/v1/auth/verify", right).await.problem(429, "too_many_attempts");

    for round in 2..=3 {
        server.post("/api/v1/auth/verify/resend", json!({ "email": email })).await.json(202);
        server.mail_to(email, round).await;
        let guess = || server.post("/api/v1/auth/verify", json!({ "email": email, "code": "999999x" }));
        let answers = join_all((0..AT_ONCE).map(|_| guess())).await;
        assert_eq!(count(&answers, 400), 5, "a new code has five tries: {:?}", statuses(&answers));
    }
    server.post("/api/v1/auth/verify/resend", json!({ "email": email })).await.json(202);
    let mail = server.mail_to(email, 4).await;
    let right = json!({ "email": email, "code": mail.code() });
    server.post("/api/v1/auth/verify", right).await.problem(429, "too_many_attempts");
    server.get(&format!("/api/v1/auth/verify-email/{}", mail.token())).await.json(200);
}

#[tokio::test]
async fn s7_of_many_guesses_at_once_no_more_get_an_answer_than_the_lockout_allows() {
    let server = cheap_server().await;
    let email = "user@example.com";
    let signed_in = server.signed_in(email).await;
    for address in [email, "nobody@example.com"] {
        let guess = |number: usize| {
            server.post(
                "/api/v1/auth/login",
                json!({ "email": address, "password": format!("guess {number}") }),
            )
        };
        let mut answers = Vec::new();
        for batch in 0..4 {
            answers.extend(join_all((0..AT_ONCE).map(|number| guess(batch * AT_ONCE + number))).await);
        }
        assert_eq!(count(&answers, 401), 5, "{address}: {:?}", statuses(&answers));
        let refused = answers.iter().filter(|answer| answer.status != 401);
        assert!(refused.clone().all(|answer| matches!(answer.status, 429 | 503)), "{:?}", statuses(&answers));
    }
    let right = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/login", right).await.problem(429, "account_locked");
    assert!(!server.has_ended(&signed_in).await, "a lockout harms no live session");
    let token = server.reset_token(email, 1).await;
    let body = json!({ "token": token, "new_password": "NewSecurePass456!" });
    server.post("/api/v1/auth/password-reset/confirm", body).await.json(200);
    server.login(email, "NewSecurePass456!").await;
}

#[tokio::test]
async fn right_passwords_in_parallel_all_succeed() {
    let server = cheap_server().await;
    let email = "user@example.com";
    server.register_verified(email).await;
    let login = || server.post("/api/v1/auth/login", json!({ "email": email, "password": PASSWORD }));
    let answers = join_all((0..AT_ONCE).map(|_| login())).await;
    assert_eq!(count(&answers, 200), AT_ONCE, "{:?}", statuses(&answers));
}
