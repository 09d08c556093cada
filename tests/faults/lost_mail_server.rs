use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use serde_json::{Value, json};

use crate::harness::{MAIL_PATIENCE, PASSWORD, PATIENCE, Received, Server, ServerBuilder, SmtpSink};

const REGISTER: &str = "/api/v1/auth/register";

fn port() -> Port {
    Port::keep().expect("a free port")
}

async fn server_with_mail_server_at(port: &Port) -> Server {
    ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_SMTP_URL", format!("smtp://{}", port.address()))
        .start()
        .await
}

async fn mails_when_there_are(sink: &SmtpSink, count: usize) -> Vec<Received> {
    let begun = Instant::now();
    while sink.mails().len() < count {
        assert!(begun.elapsed() < MAIL_PATIENCE, "{} of {count} mails came", sink.mails().len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sink.mails()
}

/// The first mail of the queue that is like this, as operators see it.
async fn queued(server: &Server, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let list = server.run(&["mail", "list", "--json"]).await.json();
        if let Some(mail) = list.as_array().expect("an array").iter().find(|mail| is_so(mail)) {
            return mail.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "it is not among {list}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn account(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

async fn verify_by(server: &Server, mail: &Received) {
    let token = mail.text.split("token=").nth(1).expect("a link").split_whitespace().next().expect("a token");
    server.get(&format!("/api/v1/auth/verify-email/{token}")).await.json(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_mail_server_is_away_nothing_slows_and_every_mail_arrives_after_its_return() {
    let port = port();
    let server = server_with_mail_server_at(&port).await;
    let emails: Vec<_> = (0..8).map(|number| format!("user{number}@example.com")).collect();
    let begun = Instant::now();
    for email in &emails {
        server.post(REGISTER, account(email)).await.json(201);
    }
    assert!(begun.elapsed() < PATIENCE, "registrations wait for no mail");
    queued(&server, |mail| mail["last_failure"].is_string()).await;

    // A mail that waits survives the service, too.
    let server = server.crash_and_restart().await;
    let sink = SmtpSink::start(port.address()).await;
    let mails = mails_when_there_are(&sink, emails.len()).await;
    for email in &emails {
        let mail = mails.iter().rev().find(|mail| mail.recipient == *email).expect("a mail to each");
        verify_by(&server, mail).await;
        server.login(email, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_put_off_comes_again_and_one_that_is_refused_for_good_waits_for_an_operator() {
    let port = port();
    let sink = SmtpSink::start(port.address()).await;
    let server = server_with_mail_server_at(&port).await;
    sink.refuse(Some("451 4.7.1 greylisted"));
    server.post(REGISTER, account("late@example.com")).await.json(201);
    queued(&server, |mail| mail["last_failure"].is_string()).await;
    assert!(sink.refused() > 0 && sink.mails().is_empty());
    sink.refuse(None);
    let mails = mails_when_there_are(&sink, 1).await;
    verify_by(&server, &mails[0]).await;

    sink.refuse(Some("550 5.1.1 no such mailbox"));
    server.post(REGISTER, account("lost@example.com")).await.json(201);
    let parked = queued(&server, |mail| mail["state"] == "parked").await;
    assert!(
        parked["last_failure"].as_str().is_some_and(|reason| reason.contains("no such mailbox")),
        "{parked}"
    );
    sink.refuse(None);
    let id = parked["id"].as_str().expect("an id");
    server.run(&["mail", "retry", id]).await.output();
    let mails = mails_when_there_are(&sink, 2).await;
    assert_eq!(mails[1].recipient, "lost@example.com");
    verify_by(&server, &mails[1]).await;
}
