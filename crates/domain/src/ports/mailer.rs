use async_trait::async_trait;

use crate::mail::OutgoingMail;

/// Hands mails to the outside world.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail to [`OutgoingMail::to`] and to nobody else.
    ///
    /// When this returns `Ok`, somebody else has taken the mail over and MUST have stored it:
    /// it will not be sent again. MUST return within a minute or so, well within the lease of a
    /// claimed mail.
    ///
    /// Proven by the cases `every_kind_of_mail_reaches_its_recipient`, `a_mail_carries_its_secrets`,
    /// `an_odd_address_has_no_second_recipient`, `an_international_address_is_kept` and
    /// `mails_sent_at_once_all_arrive`.
    ///
    /// # Errors
    ///
    /// [`MailerError::Transient`] when a later attempt may succeed, [`MailerError::Permanent`] when
    /// none will.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError>;
}

/// Why a mail was not sent. The reasons are for operators; they MUST NOT repeat the mail's secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// No connection, a time-out, or a refusal for now (SMTP 4xx).
    #[error("not sent, may be sent later: {0}")]
    Transient(String),
    /// A refusal for good (SMTP 5xx), or a mail that cannot be written.
    #[error("refused for good: {0}")]
    Permanent(String),
}
