use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::keys::{FetchLimits, Keys};

/// How far the clocks of two machines may differ, in seconds.
const LEEWAY: u64 = 30;

/// Tells good access tokens from others.
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: Keys,
}

/// What a good token says. There is more in it; a service reads what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The id of the user.
    pub sub: String,
    /// What they may do. An administrator's token lists all that there is.
    pub permissions: Vec<String>,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no access token of the issuer for this audience, or not now.
    #[error("the token is not good")]
    Invalid,
    /// Nobody can say now.
    #[error("the keys of the issuer cannot be had")]
    NoKeys(#[from] reqwest::Error),
}

impl Verifier {
    /// Accepts tokens of `issuer` for `audience`, signed with a key that is published at `jwks_url`.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, jwks_url: &str, limits: FetchLimits) -> Self {
        let keys = Keys::published_at(jwks_url.to_owned(), limits);
        Self { issuer: issuer.to_owned(), audience: audience.to_owned(), keys }
    }

    /// What `token` says, if it is good now.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub async fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Invalid)?;
        // An ID token or a token of something else of the issuer's is no access token (RFC 9068 §4).
        if header.typ.as_deref() != Some("at+jwt") {
            return Err(Refusal::Invalid);
        }
        let id = header.kid.ok_or(Refusal::Invalid)?;
        let key = self.keys.find(&id).await?.ok_or(Refusal::Invalid)?;
        self.decode(token, &key).ok_or(Refusal::Invalid)
    }

    /// The algorithm is that of the key, whatever the token says of it (RFC 8725 §3.1).
    fn decode(&self, token: &str, key: &Jwk) -> Option<Claims> {
        let algorithm = Algorithm::try_from(key.common.key_algorithm?).ok()?;
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let key = DecodingKey::from_jwk(key).ok()?;
        decode(token, &key, &validation).ok().map(|token| token.claims)
    }
}
