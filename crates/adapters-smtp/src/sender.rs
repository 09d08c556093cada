//! Who mails come from.

use std::fmt;

use lettre::message::Mailbox;

/// The sender of every mail: an address, usually with the name of the installation before it.
///
/// ```
/// use portcullis_adapters_smtp::Sender;
///
/// let sender = Sender::parse("Example Shop <no-reply@example.com>")?;
/// assert_eq!(sender.product(), "Example Shop");
/// assert_eq!(Sender::parse("no-reply@example.com")?.product(), "example.com");
/// # Ok::<(), portcullis_adapters_smtp::InvalidSender>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads one mailbox (RFC 5322 §3.4): `NAME <ADDRESS>` or `ADDRESS`.
    ///
    /// # Errors
    ///
    /// [`InvalidSender`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidSender> {
        if text.chars().any(char::is_control) {
            return Err(InvalidSender::ControlCharacter);
        }
        let mailbox: Mailbox = text.trim().parse().map_err(|_| InvalidSender::Malformed)?;
        // An international sender would leave every mail to the mercy of servers without SMTPUTF8.
        if !mailbox.email.user().is_ascii() || !mailbox.email.domain().is_ascii() {
            return Err(InvalidSender::NotAscii);
        }
        Ok(Self(mailbox))
    }

    /// What mails call the installation: the name before the address, or its domain when there is none.
    #[must_use]
    pub fn product(&self) -> &str {
        self.0.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(self.domain())
    }

    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a text is not a [`Sender`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSender {
    /// It is not exactly one mailbox.
    #[error("is not one address such as Example Shop <no-reply@example.com>")]
    Malformed,
    /// It could start another header.
    #[error("has a control character")]
    ControlCharacter,
    /// Its address is international.
    #[error("has an address that is not ASCII; write its domain as xn--…")]
    NotAscii,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_sender_is_one() {
        let sender = Sender::parse("Portcullis <no-reply@localhost>").unwrap();
        assert_eq!((sender.product(), sender.domain()), ("Portcullis", "localhost"));
    }

    #[test]
    fn what_is_no_sender_is_refused_with_the_reason() {
        use InvalidSender::{ControlCharacter, Malformed, NotAscii};
        for (text, reason) in [
            ("", Malformed),
            ("Example Shop", Malformed),
            ("a@example.com, b@example.com", Malformed),
            ("Shop <no-reply@example.com>\r\nBcc: eve@example.com", ControlCharacter),
            ("Shop <no-reply@exämple.com>", NotAscii),
        ] {
            assert_eq!(Sender::parse(text), Err(reason), "{text:?}");
        }
    }
}
