use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::{Mailer, MailerError};
use portcullis_domain::{EmailAddress, OneTimeCode, TokenSecret};

/// A mailer that keeps what it is given, for tests to read as the recipient would.
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
        self.last(address, |mail| match &mail.content {
            MailContent::VerifyEmail { token, .. }
            | MailContent::ResetPassword { token, .. }
            | MailContent::Invitation { token, .. }
            | MailContent::ConfirmEmailChange { token, .. } => Some(token.clone()),
            MailContent::EmailChangeRequested
            | MailContent::EmailChanged
            | MailContent::PasswordChanged
            | MailContent::AddressAlreadyRegistered => None,
        })
    }

    /// The code in the latest mail to `address` that has one.
    #[must_use]
    pub fn last_code_for(&self, address: &str) -> Option<OneTimeCode> {
        self.last(address, |mail| match &mail.content {
            MailContent::VerifyEmail { code, .. } => Some(code.clone()),
            _ => None,
        })
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
