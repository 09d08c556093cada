//! The cheapest tokens that nobody can forge.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::random;

/// Tells tokens apart that are for different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Access => "a",
            Self::Refresh => "r",
        }
    }
}

/// Signs tokens by HMAC-SHA256.
pub(super) struct Tokens(hmac::Key);

impl Tokens {
    pub(super) fn random() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()))
    }

    pub(super) fn issue(&self, kind: Kind, session: i64, generation: i64) -> String {
        let mut token = format!("{}.{session}.{generation}", kind.name());
        let tag = hmac::sign(&self.0, token.as_bytes());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(tag.as_ref(), &mut token);
        token
    }

    /// The session and the generation that a token names, if it is one.
    pub(super) fn read(&self, kind: Kind, token: &str) -> Option<(i64, i64)> {
        let (claims, tag) = token.rsplit_once('.')?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, claims.as_bytes(), &tag).ok()?;
        let (session, generation) = claims.strip_prefix(kind.name())?.strip_prefix('.')?.split_once('.')?;
        Some((session.parse().ok()?, generation.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_what_it_was_issued_as_and_not_otherwise() {
        let tokens = Tokens::random();
        let token = tokens.issue(Kind::Refresh, -7, 3);
        assert_eq!(tokens.read(Kind::Refresh, &token), Some((-7, 3)));
        assert_eq!(tokens.read(Kind::Access, &token), None);
        assert_eq!(tokens.read(Kind::Refresh, &token.replacen('3', "4", 1)), None);
        assert_eq!(Tokens::random().read(Kind::Refresh, &token), None);
    }
}
