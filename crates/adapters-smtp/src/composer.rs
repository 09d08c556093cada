//! Makes a finished mail of what the domain wants to say.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue, MessageId};
use lettre::message::{Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::ports::MailerError;
use portcullis_domain::{EmailAddress, MailId, Timestamp};

use crate::links::LinkTemplates;
use crate::mail_template::{MailFacts, MailTemplate};
use crate::redaction::redacted;
use crate::sender::Sender;
use crate::templates::Templates;

/// Writes mails: words from [`Templates`], links from [`LinkTemplates`], from one [`Sender`].
pub struct Composer {
    templates: Templates,
    links: LinkTemplates,
    sender: Sender,
}

impl Composer {
    /// Writes with these.
    #[must_use]
    pub fn new(templates: Templates, links: LinkTemplates, sender: Sender) -> Self {
        Self { templates, links, sender }
    }

    /// A mail that says nothing but that it has arrived.
    pub(crate) fn compose_trial(
        &self,
        id: MailId,
        to: &EmailAddress,
        now: Timestamp,
    ) -> Result<Message, MailerError> {
        let product = self.sender.product();
        let text = format!(
            "This mail was sent to find out whether mails of {product} arrive. This one has.\n\nNothing is to be done.\n"
        );
        let head = self.head(id, to, now)?.subject(format!("Mails of {product} arrive"));
        head.singlepart(SinglePart::plain(body(text))).map_err(|error| permanent(&error))
    }

    /// The mail as RFC 5322 has it, dated `now`: text and HTML as alternatives.
    ///
    /// All of it but the date follows from `mail` and the configuration, the `Message-ID` too, so a
    /// receiver can tell a repetition.
    pub(crate) fn compose(&self, mail: &OutgoingMail, now: Timestamp) -> Result<Message, MailerError> {
        let written = self.templates.write(
            MailTemplate::of(&mail.content),
            &mail.locale,
            self.sender.product(),
            &MailFacts::of(&mail.content, &self.links),
        );
        let written =
            written.map_err(|error| MailerError::Permanent(redacted(&error.to_string(), &mail.content)))?;
        self.head(mail.id, &mail.to, now)?
            .subject(written.subject)
            .multipart(
                // No template is told the id of its mail, so no part can hold the boundary.
                MultiPart::alternative()
                    .boundary(format!("=_{}", mail.id))
                    .singlepart(SinglePart::plain(body(written.text)))
                    .singlepart(SinglePart::html(body(written.html))),
            )
            .map_err(|error| permanent(&error))
    }

    /// All of a mail's head but what it is about, and its envelope.
    fn head(&self, id: MailId, to: &EmailAddress, now: Timestamp) -> Result<MessageBuilder, MailerError> {
        let to = envelope_address(to)?;
        let from = self.sender.mailbox().clone();
        let envelope =
            Envelope::new(Some(from.email.clone()), vec![to.clone()]).map_err(|error| permanent(&error))?;
        Ok(Message::builder()
            .date(system_time(now))
            .header(MessageId::from(format!("<{id}@{}>", self.sender.domain())))
            .raw_header(auto_submitted())
            .from(from)
            .to(Mailbox::new(None, to))
            .envelope(envelope))
    }
}

/// What no later attempt would mend.
fn permanent(error: &lettre::error::Error) -> MailerError {
    MailerError::Permanent(error.to_string())
}

/// The address as it goes over the wire: the local part as its owner writes it, the domain in ASCII.
fn envelope_address(address: &EmailAddress) -> Result<Address, MailerError> {
    let local = address.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let domain = address.canonical().rsplit_once('@').map_or("", |(_, domain)| domain);
    Address::new(local, domain)
        .map_err(|error| MailerError::Permanent(format!("the address cannot be mailed to: {error}")))
}

/// The part as it is where mail allows that (RFC 5322 §2.1.1), so that links stay whole even to those
/// who look at the source; else in the encoding that suits it.
fn body(part: String) -> Body {
    const MAX_LINE_OCTETS: usize = 998;
    let is_plain = part.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~'))
        && part.lines().all(|line| line.len() <= MAX_LINE_OCTETS);
    if is_plain {
        let octets = part.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(octets, ContentTransferEncoding::SevenBit)
    } else {
        Body::new(part)
    }
}

fn system_time(timestamp: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(timestamp.unix_micros().unsigned_abs())
}

/// Keeps holiday notices from answering (RFC 3834).
fn auto_submitted() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}
