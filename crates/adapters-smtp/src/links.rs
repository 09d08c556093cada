//! Where the links in mails lead.

use portcullis_domain::TokenSecret;

/// A URL with `{token}` in it, where the one-time secret of a mailed link goes.
///
/// ```
/// use portcullis_adapters_smtp::LinkTemplate;
///
/// assert!(LinkTemplate::parse("https://example.com/verify?token={token}").is_ok());
/// assert!(LinkTemplate::parse("https://example.com/verify").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplate(String);

impl LinkTemplate {
    const PLACEHOLDER: &str = "{token}";

    /// Reads an absolute URL (RFC 3986) of any scheme that has an authority, so that a link can
    /// open a mobile application too.
    ///
    /// # Errors
    ///
    /// [`InvalidLinkTemplate`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidLinkTemplate> {
        if !text.contains(Self::PLACEHOLDER) {
            return Err(InvalidLinkTemplate::NoToken);
        }
        if let Some(found) = text.replace(Self::PLACEHOLDER, "").chars().find(|c| !is_url_character(*c)) {
            return Err(InvalidLinkTemplate::Character(found));
        }
        match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) && !rest.starts_with('/') => Ok(Self(text.to_owned())),
            _ => Err(InvalidLinkTemplate::NotAbsolute),
        }
    }

    /// A link to the page at `path` below `base`, which is given the secret as the parameter `token`.
    ///
    /// # Errors
    ///
    /// [`InvalidLinkTemplate`] when `base` is no absolute URL.
    pub fn to_page(base: &str, path: &str) -> Result<Self, InvalidLinkTemplate> {
        Self::parse(&format!("{}/{path}?token={{token}}", base.trim_end_matches('/')))
    }

    /// The link for one secret.
    pub(crate) fn link(&self, token: &TokenSecret) -> String {
        self.0.replace(Self::PLACEHOLDER, &token.expose())
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

/// The characters of RFC 3986 less the apostrophe, so that a link can stand in either quotes in HTML.
fn is_url_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&()*+,;=%".contains(character)
}

/// Why a text is not a [`LinkTemplate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLinkTemplate {
    /// There is no place for the secret.
    #[error("has no {{token}} in it")]
    NoToken,
    /// It is not a whole URL.
    #[error("is not an absolute URL such as https://example.com/page?token={{token}}")]
    NotAbsolute,
    /// It has a character that URLs write percent-encoded, or a control character.
    #[error("has the character {0:?}, which a URL cannot have as it is")]
    Character(char),
}

/// Where each kind of link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplates {
    /// The link that verifies an address.
    pub verify: LinkTemplate,
    /// The link that sets a new password, or the first.
    pub reset: LinkTemplate,
    /// The link that confirms a new address.
    pub email_change: LinkTemplate,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> TokenSecret {
        TokenSecret::parse(&"A".repeat(43)).expect("43 characters of base64url")
    }

    #[test]
    fn the_token_goes_where_the_template_says() {
        let template = LinkTemplate::parse("app://verify/{token}?from=mail").unwrap();
        assert_eq!(template.link(&token()), format!("app://verify/{}?from=mail", "A".repeat(43)));
    }

    #[test]
    fn what_is_no_link_is_refused_with_the_reason() {
        use InvalidLinkTemplate::{Character, NoToken, NotAbsolute};
        for (text, reason) in [
            ("https://example.com/", NoToken),
            ("https://example.com/?t={Token}", NoToken),
            ("/verify?token={token}", NotAbsolute),
            ("javascript:alert({token})", NotAbsolute),
            ("file:///{token}", NotAbsolute),
            ("1http://example.com/{token}", NotAbsolute),
            ("https://example.com/{token}\r\nBcc: eve@example.com", Character('\r')),
            ("https://example.com/ {token}", Character(' ')),
            ("https://example.com/{token}\"><b", Character('"')),
            ("https://exämple.com/{token}", Character('ä')),
            ("https://example.com/{user}/{token}", Character('{')),
        ] {
            assert_eq!(LinkTemplate::parse(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_page_may_be_below_a_path_that_ends_in_a_slash() {
        for base in ["https://example.com/accounts", "https://example.com/accounts/"] {
            let link = LinkTemplate::to_page(base, "verify").unwrap();
            assert_eq!(link.0, "https://example.com/accounts/verify?token={token}");
        }
    }
}
