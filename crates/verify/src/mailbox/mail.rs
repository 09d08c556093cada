use mail_parser::MessageParser;

/// A mail that came.
#[derive(Clone)]
pub(crate) struct Mail {
    /// Names it in its mailbox.
    pub(crate) id: String,
    /// The header, as it stands.
    pub(crate) to: String,
    /// The text part.
    pub(crate) text: String,
    /// The HTML part.
    pub(crate) html: String,
}

impl Mail {
    /// Reads a mail as it was sent; none if it is none.
    pub(super) fn parse(id: &str, octets: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(octets)?;
        Some(Self {
            id: id.to_owned(),
            to: message.header_raw("To")?.trim().to_owned(),
            text: message.body_text(0)?.into_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
        })
    }

    pub(super) fn is_to(&self, address: &str) -> bool {
        self.to.to_ascii_lowercase().contains(&address.to_ascii_lowercase())
    }

    /// The first link of the text that holds a secret.
    pub(crate) fn link(&self) -> Option<&str> {
        self.text.split_whitespace().find(|word| word.contains("://") && secret_in(word).is_some())
    }

    /// The secret of that link.
    pub(crate) fn secret(&self) -> Option<&str> {
        secret_in(self.link()?)
    }

    /// That link up to its secret.
    pub(crate) fn link_before_secret(&self) -> Option<&str> {
        let (link, secret) = (self.link()?, self.secret()?);
        link.split(secret).next()
    }

    /// The code of six digits that stands on a line of its own.
    pub(crate) fn code(&self) -> Option<&str> {
        self.text
            .lines()
            .map(str::trim)
            .find(|line| line.len() == 6 && line.bytes().all(|octet| octet.is_ascii_digit()))
    }
}

/// 256 bits in base64url, wherever they stand.
fn secret_in(link: &str) -> Option<&str> {
    const LENGTH: usize = 43;
    let is_of_secret = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    link.split(|character| !is_of_secret(character)).find(|word| word.len() == LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-";

    #[test]
    fn a_secret_is_found_wherever_a_link_has_it() {
        for before in ["https://app.example/#/verify/", "https://app.example/reset-password?token="] {
            let text = format!("Set it here:\n\n{before}{SECRET}\n\nOr type\n\n  123456\n");
            let octets = format!("To: <ada@example.com>\r\nSubject: x\r\n\r\n{text}");
            let mail = Mail::parse("1", octets.as_bytes()).unwrap();
            assert_eq!(mail.secret(), Some(SECRET));
            assert_eq!(mail.link_before_secret(), Some(before));
            assert_eq!(mail.code(), Some("123456"));
            assert!(mail.is_to("ADA@example.com") && !mail.is_to("bob@example.com"));
        }
    }

    #[test]
    fn a_notice_has_no_secret() {
        let octets =
            "To: ada@example.com\r\nSubject: x\r\n\r\nSee https://app.example/help or do nothing.\r\n";
        let mail = Mail::parse("1", octets.as_bytes()).unwrap();
        assert_eq!((mail.link(), mail.code()), (None, None));
    }
}
