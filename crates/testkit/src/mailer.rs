use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::{Mailer, MailerError};
use portcullis_domain::{EmailAddress, OneTimeCode, TokenSecret};

use crate::contract::mailer::{Delivered, DeliveredMail};

/// A mailer that keeps what it is given, for tests to read as the recipient would.
///
/// ```
/// use portcullis_domain::ports::MailerError;
/// use portcullis_domain::use_cases::Delivery;
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// domain.register("ada@example.com").await.unwrap();
/// domain.mailer.fail_next(MailerError::Permanent("no such mailbox".to_owned()));
/// let delivered = domain.use_cases.deliver_mail.deliver_next().await.unwrap();
/// assert!(matches!(delivered, Delivery::Parked { .. }));
///
/// domain.register("bob@example.com").await.unwrap();
/// domain.deliver().await;
/// let code = domain.mailer.last_code_for("bob@example.com").unwrap();
/// assert_eq!(code.expose().len(), 6);
/// assert_eq!(domain.mailer.sent().len(), 1, "what failed was not sent");
/// # });
/// ```
#[derive(Debug, Default)]
pub struct RecordingMailer(Mutex<Mailbox>);

#[derive(Debug, Default)]
struct Mailbox {
    sent: Vec<OutgoingMail>,
    refusals: VecDeque<MailerError>,
}

impl RecordingMailer {
    /// Makes the next attempt fail with `error`; said again, the one after it.
    pub fn fail_next(&self, error: MailerError) {
        self.mailbox().refusals.push_back(error);
    }

    /// Every mail that was sent, the oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<OutgoingMail> {
        self.mailbox().sent.clone()
    }

    /// The latest mail to `address`.
    #[must_use]
    pub fn last_to(&self, address: &str) -> Option<OutgoingMail> {
        self.last(address, |mail| Some(mail.clone()))
    }

    /// What the link of the latest mail to `address` that has one carries.
    #[must_use]
    pub fn last_token_for(&self, address: &str) -> Option<TokenSecret> {
        self.last(address, |mail| token(&mail.content).cloned())
    }

    /// The code in the latest mail to `address` that has one.
    #[must_use]
    pub fn last_code_for(&self, address: &str) -> Option<OneTimeCode> {
        self.last(address, |mail| code(&mail.content).cloned())
    }

    fn last<T>(&self, address: &str, read: impl Fn(&OutgoingMail) -> Option<T>) -> Option<T> {
        let address = EmailAddress::parse(address).ok()?;
        self.mailbox().sent.iter().rev().filter(|mail| mail.to == address).find_map(read)
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for RecordingMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let mut mailbox = self.mailbox();
        if let Some(error) = mailbox.refusals.pop_front() {
            return Err(error);
        }
        mailbox.sent.push(mail.clone());
        Ok(())
    }
}

/// As a recipient reads them: the secrets, and what the mail is for.
impl Delivered for RecordingMailer {
    fn mails(&self) -> Vec<DeliveredMail> {
        let text = |content: &MailContent| {
            let token = token(content).map(|token| token.expose().to_string());
            let code = code(content).map(|code| code.expose().to_owned());
            format!("{content:?} {} {}", token.unwrap_or_default(), code.unwrap_or_default())
        };
        let mails = self.sent().into_iter();
        mails.map(|mail| DeliveredMail { to: vec![mail.to.to_string()], text: text(&mail.content) }).collect()
    }
}

fn token(content: &MailContent) -> Option<&TokenSecret> {
    match content {
        MailContent::VerifyEmail { token, .. }
        | MailContent::ResetPassword { token, .. }
        | MailContent::Invitation { token, .. }
        | MailContent::ConfirmEmailChange { token, .. } => Some(token),
        MailContent::EmailChangeRequested
        | MailContent::EmailChanged
        | MailContent::PasswordChanged
        | MailContent::AddressAlreadyRegistered => None,
    }
}

fn code(content: &MailContent) -> Option<&OneTimeCode> {
    match content {
        MailContent::VerifyEmail { code, .. } => Some(code),
        _ => None,
    }
}
