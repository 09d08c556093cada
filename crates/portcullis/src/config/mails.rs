//! Settings about mails.

use portcullis_adapters_smtp::{LinkTemplate, Sender, SmtpUrl};
use portcullis_domain::Locale;

use super::form::{Form, Refusal};
use super::setting::Secrecy;

/// The mail server.
pub struct Smtp;

impl Form for Smtp {
    type Value = SmtpUrl;
    const SECRECY: Secrecy = Secrecy::Credentials;

    fn allowed() -> String {
        "`smtp://`, `smtp+starttls://` or `smtps://`, then `[USER:PASSWORD@]HOST:PORT`".to_owned()
    }

    fn parse(text: &str) -> Result<SmtpUrl, Refusal> {
        Ok(SmtpUrl::parse(text)?)
    }
}

/// Who mails come from.
pub struct SenderAddress;

impl SenderAddress {
    /// Names the product, and nobody who could be answered to.
    pub(super) const DEFAULT: &'static str = "Portcullis <no-reply@localhost>";
}

impl Form for SenderAddress {
    type Value = Sender;

    fn allowed() -> String {
        "an e-mail address, with or without a name: `Example Shop <no-reply@example.com>`".to_owned()
    }

    fn parse(text: &str) -> Result<Sender, Refusal> {
        Ok(Sender::parse(text)?)
    }
}

/// Where a mailed link leads.
pub struct Link;

impl Form for Link {
    type Value = LinkTemplate;

    fn allowed() -> String {
        "a URL with `{token}` where the one-time secret goes, such as \
         `https://example.com/verify?token={token}`"
            .to_owned()
    }

    fn parse(text: &str) -> Result<LinkTemplate, Refusal> {
        Ok(LinkTemplate::parse(text)?)
    }
}

impl Form for Locale {
    type Value = Self;

    fn allowed() -> String {
        "a language that there are templates for, such as `en` or `de`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self::parse(text)?)
    }
}
