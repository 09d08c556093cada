//! A mailer that posts to an HTTP mail API.
//!
//! It passes version 8 of the mailer contract.

mod words;

use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::ports::{Mailer, MailerError};
use reqwest::{Client, StatusCode};
use serde::Serialize;

use crate::words::words;

/// How long the API may take: well within the minute that a mailer has.
const PATIENCE: Duration = Duration::from_secs(20);

/// Posts each mail to an API.
pub struct HttpMailer {
    client: Client,
    settings: MailApi,
}

/// Where mails are posted, and what they begin with.
#[derive(Clone)]
pub struct MailApi {
    /// Where the API takes mails.
    pub url: String,
    /// What it knows us by.
    pub key: String,
    /// Who mails are from.
    pub from: String,
    /// Where the pages are that links lead to.
    pub pages_url: String,
}

/// A mail, as the API wants it.
#[derive(Serialize)]
struct Body<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'static str,
    text: String,
}

impl HttpMailer {
    /// Posts as `settings` say.
    #[must_use]
    pub fn new(settings: MailApi) -> Self {
        Self { client: Client::new(), settings }
    }
}

#[async_trait]
impl Mailer for HttpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let (subject, text) = words(&mail.content, &self.settings.pages_url);
        let body = Body { from: &self.settings.from, to: [mail.to.as_str()], subject, text };
        let answer = self
            .client
            .post(&self.settings.url)
            .bearer_auth(&self.settings.key)
            // The same at every attempt: the API takes a mail once, also when its answer got lost.
            .header("Idempotency-Key", mail.id.to_string())
            .timeout(PATIENCE)
            .json(&body)
            .send()
            .await;
        match answer {
            Ok(answer) => outcome(answer.status()),
            Err(error) => Err(MailerError::Transient(error.without_url().to_string())),
        }
    }
}

/// What the API means. Its words are not repeated: they may quote the mail, which has secrets in it.
fn outcome(status: StatusCode) -> Result<(), MailerError> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Err(MailerError::Permanent(format!("the mail API answered {status}")))
        }
        // A wrong key or address of the API is for operators to mend; mails wait meanwhile.
        status => Err(MailerError::Transient(format!("the mail API answered {status}"))),
    }
}
