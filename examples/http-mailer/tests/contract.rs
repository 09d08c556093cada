//! The mailer contract, with an API on loopback that remembers what was posted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use example_http_mailer::{HttpMailer, MailApi};
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::{Mailer, MailerError};
use portcullis_domain::{Locale, MailId};
use portcullis_testkit::contract::mailer::{Delivered, DeliveredMail, MailerSetup};
use portcullis_testkit::{ScriptedEntropy, fixtures};
use serde_json::Value;
use tokio::net::TcpListener;

const KEY: &str = "a key";

/// A provider of mail.
#[derive(Default)]
struct Provider {
    /// By their idempotency keys.
    mails: Mutex<HashMap<String, DeliveredMail>>,
    /// What it answers instead of taking a mail.
    refusal: Mutex<Option<StatusCode>>,
}

impl Delivered for Provider {
    fn mails(&self) -> Vec<DeliveredMail> {
        self.mails.lock().expect("nobody panics").values().cloned().collect()
    }
}

async fn take(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Json(mail): Json<Value>,
) -> StatusCode {
    if headers.get("authorization").is_none_or(|given| given != &format!("Bearer {KEY}")) {
        return StatusCode::UNAUTHORIZED;
    }
    if let Some(refusal) = *provider.refusal.lock().expect("nobody panics") {
        return refusal;
    }
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let to = mail["to"].as_array().expect("a list").iter().map(text).collect();
    let text = format!("{}\n{}", text(&mail["subject"]), text(&mail["text"]));
    let id = headers["idempotency-key"].to_str().expect("visible ASCII").to_owned();
    provider.mails.lock().expect("nobody panics").entry(id).or_insert(DeliveredMail { to, text });
    StatusCode::ACCEPTED
}

/// A mailer for a provider of its own.
async fn fresh(key: &str) -> (Arc<HttpMailer>, Arc<Provider>) {
    let provider = Arc::<Provider>::default();
    let router = Router::new().route("/mails", post(take)).with_state(provider.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}/mails", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, router).await });
    (Arc::new(HttpMailer::new(mail_api(url, key))), provider)
}

fn mail_api(url: String, key: &str) -> MailApi {
    MailApi {
        url,
        key: key.to_owned(),
        from: "accounts@example.com".to_owned(),
        pages_url: "https://example.com".to_owned(),
    }
}

async fn setup() -> MailerSetup {
    let (mailer, delivered) = fresh(KEY).await;
    MailerSetup { mailer, delivered, guard: Arc::new(()) }
}

portcullis_testkit::mailer_contract!(setup().await);

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: MailId::generate(fixtures::NOW, &ScriptedEntropy::seeded(1)),
        to: fixtures::email("ada@example.com"),
        locale: Locale::english(),
        content: MailContent::PasswordChanged,
    }
}

#[tokio::test]
async fn a_mail_that_is_sent_again_is_delivered_once() {
    let (mailer, provider) = fresh(KEY).await;
    for _ in 0..3 {
        mailer.send(&mail()).await.expect("it is taken");
    }
    assert_eq!(provider.mails().len(), 1);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_cannot_is_not() {
    let (mailer, provider) = fresh(KEY).await;
    for (status, is_worth_another_attempt) in [
        (StatusCode::BAD_REQUEST, false),
        (StatusCode::PAYLOAD_TOO_LARGE, false),
        (StatusCode::UNPROCESSABLE_ENTITY, false),
        (StatusCode::UNAUTHORIZED, true),
        (StatusCode::NOT_FOUND, true),
        (StatusCode::TOO_MANY_REQUESTS, true),
        (StatusCode::INTERNAL_SERVER_ERROR, true),
        (StatusCode::SERVICE_UNAVAILABLE, true),
    ] {
        *provider.refusal.lock().expect("nobody panics") = Some(status);
        let refused = mailer.send(&mail()).await.expect_err("it is refused");
        assert_eq!(matches!(refused, MailerError::Transient(_)), is_worth_another_attempt, "{refused}");
    }
    assert!(provider.mails().is_empty());
}

#[tokio::test]
async fn an_api_that_is_away_or_does_not_know_us_may_be_there_later() {
    let (mailer, _) = fresh("another key").await;
    assert!(matches!(mailer.send(&mail()).await, Err(MailerError::Transient(_))));
    let mailer = HttpMailer::new(mail_api("http://127.0.0.1:1/mails".to_owned(), KEY));
    let refused = mailer.send(&mail()).await.expect_err("nobody is there");
    assert!(matches!(&refused, MailerError::Transient(reason) if !reason.contains("127.0.0.1")), "{refused}");
}
