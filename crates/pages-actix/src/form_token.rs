//! What tells a form of ours from one that another site made a browser send.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use portcullis_domain::ports::Entropy;
use portcullis_domain::{KeyPurpose, SecretKey, SessionId};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Writes and checks the hidden token of forms: a MAC over a secret that the browser keeps in a cookie, and the
/// session that it is signed in with.
///
/// Another site can neither read the cookie nor make one up that goes with a token; and a token taken from one
/// session, or from before signing in, is good for no other.
#[derive(Clone)]
pub struct FormTokens {
    key: Zeroizing<[u8; 32]>,
}

/// What a browser keeps to show that a form is its own: 128 random bits.
#[derive(Clone)]
pub(crate) struct FormSecret(String);

impl FormTokens {
    /// Writes and checks tokens under the key that `secret` yields for them.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self { key: secret.derive(KeyPurpose::Forms) }
    }

    /// The token for the forms of a browser in a session, or in none.
    pub(crate) fn write(&self, secret: &FormSecret, session: Option<SessionId>) -> Zeroizing<String> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.as_ref()).expect("HMAC takes a key of any length");
        mac.update(secret.0.as_bytes());
        // The secret is of one length, so where it ends and what follows begins is never in doubt.
        if let Some(session) = session {
            mac.update(session.uuid().as_bytes());
        }
        Zeroizing::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// Whether `token` is the one for them.
    pub(crate) fn accept(&self, token: &str, secret: &FormSecret, session: Option<SessionId>) -> bool {
        self.write(secret, session).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl FormSecret {
    const OCTETS: usize = 16;

    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; Self::OCTETS];
        entropy.fill(&mut octets);
        Self(URL_SAFE_NO_PAD.encode(octets))
    }

    /// Reads what a browser sent; none for what was not made here.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(text).ok()?;
        (octets.len() == Self::OCTETS).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_one_browser_in_one_session() {
        let tokens = |octet: u8| FormTokens::new(&SecretKey::new((octet..octet + 32).collect()).unwrap());
        let secret = |letter: &str| FormSecret::parse(&letter.repeat(22)).unwrap();
        let session = |number: u128| Some(SessionId::from(uuid(number)));
        let token = tokens(1).write(&secret("A"), session(1));
        assert!(tokens(1).accept(&token, &secret("A"), session(1)));
        for (secret, session) in [(secret("A"), session(2)), (secret("A"), None), (secret("Q"), session(1))] {
            assert!(!tokens(1).accept(&token, &secret, session));
        }
        assert!(!tokens(2).accept(&token, &secret("A"), session(1)));
        assert!(!tokens(1).accept("", &secret("A"), session(1)));
    }

    fn uuid(number: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(number)
    }

    #[test]
    fn a_secret_has_128_bits() {
        assert!(FormSecret::parse(&"A".repeat(22)).is_some());
        for text in ["", "A", &"A".repeat(21), &"A".repeat(23), &"A".repeat(43), "!!!!!!!!!!!!!!!!!!!!!!"] {
            assert!(FormSecret::parse(text).is_none(), "{text}");
        }
    }
}
