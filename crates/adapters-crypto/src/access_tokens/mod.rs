//! Access tokens: JWTs under the keys of a ring.

mod claims;
mod jws;
mod strict_json;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use portcullis_domain::ports::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, StorageError, VerifiedAccessToken,
};
use portcullis_domain::{KeyId, Timestamp};
use quick_cache::sync::Cache;

use self::claims::{IssuedClaims, LEEWAY, ReadClaims};
use self::jws::CompactJws;
use crate::signing_keys::{KeyRing, KeyRingError};

/// Signs and verifies access tokens of type `at+jwt` (RFC 9068), as RFC 8725 recommends.
///
/// A token is accepted when it is, to the letter, one that was issued here:
/// - its header has `alg`, `typ` and `kid` and no other member; `kid` names a key of the ring, `alg` is that
///   key's own algorithm, `typ` is `at+jwt` in lower case;
/// - its signature is that key's, in canonical base64url;
/// - `iss` and `aud` are this service's; `sub`, `sid` and `jti` are UUIDs; `iat`, `nbf` and `exp` are
///   integers; no member stands there twice;
/// - `exp` lies ahead, without leeway; `iat`, `nbf` and the moment from which the key signs do not, but
///   for a leeway of 60 seconds, since the clocks of instances differ; and the key still verifies.
///
/// A signature costs more to verify than all else in a common request, so tokens found authentic are
/// remembered, 10,000 of them, by their digest. What depends on time is checked again each time.
pub struct JwtAccessTokens {
    ring: Arc<KeyRing>,
    issuer: String,
    audience: String,
    authentic: Cache<TokenDigest, Arc<AuthenticToken>>,
}

/// SHA-256 of a token's text.
type TokenDigest = [u8; 32];

/// What does not change about a token that a key of the ring signed.
struct AuthenticToken {
    key: KeyId,
    claims: ReadClaims,
}

/// More than most proxies let through in a header, and room for all permissions that roles
/// [may name](portcullis_domain::Role::MAX_NAMED_OCTETS) beside a few dozen roles and claims.
const MAX_TOKEN_OCTETS: usize = 16 * 1024;
/// A few megabytes in all.
const REMEMBERED_TOKENS: usize = 10_000;

impl JwtAccessTokens {
    /// Issues tokens as `issuer` for `audience`, and accepts none but those.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            ring,
            issuer: issuer.into(),
            audience: audience.into(),
            authentic: Cache::new(REMEMBERED_TOKENS),
        }
    }

    /// What a token says, from memory or by verifying it, but for what depends on time.
    async fn authenticate(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<AuthenticToken>, AccessTokenError> {
        if token.len() > MAX_TOKEN_OCTETS {
            return Err(AccessTokenError::Invalid);
        }
        let digest: TokenDigest =
            digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 octets");
        if let Some(known) = self.authentic.get(&digest) {
            return Ok(known);
        }
        let jws = CompactJws::parse(token).ok_or(AccessTokenError::Invalid)?;
        let key = self.ring.verifying(jws.key(), now).await?.ok_or(AccessTokenError::Invalid)?;
        let claims = jws
            .verify(&key)
            .and_then(|payload| ReadClaims::parse(&payload, &self.issuer, &self.audience))
            .ok_or(AccessTokenError::Invalid)?;
        let token = Arc::new(AuthenticToken { key: jws.key().clone(), claims });
        self.authentic.insert(digest, Arc::clone(&token));
        Ok(token)
    }
}

#[async_trait]
impl AccessTokens for JwtAccessTokens {
    async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError> {
        let key = self.ring.signing(claims.issued_at).await?;
        let key = key.ok_or_else(|| StorageError::broken("there is no signing key"))?;
        let token =
            CompactJws::sign(&key, &IssuedClaims::new(&self.issuer, &self.audience, claims).to_json());
        let octets = token.len();
        if octets > MAX_TOKEN_OCTETS {
            // Who is signed in with it would be turned away at every call.
            return Err(StorageError::broken(format!(
                "an access token of {octets} octets, with all permissions and claims, is more than {MAX_TOKEN_OCTETS}"
            )));
        }
        Ok(token)
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
        let token = self.authenticate(token, now).await?;
        let key = self.ring.verifying(&token.key, now).await?.ok_or(AccessTokenError::Invalid)?;
        if key.record.signs_from > now + LEEWAY || !token.claims.hold_at(now) {
            return Err(AccessTokenError::Invalid);
        }
        Ok(token.claims.token())
    }

    async fn public_keys(&self, now: Timestamp) -> Result<String, StorageError> {
        let keys = self.ring.published(now).await?;
        let keys: Vec<_> = keys.iter().map(|key| key.pair.public_jwk()).collect();
        Ok(serde_json::json!({ "keys": keys }).to_string())
    }
}

impl From<KeyRingError> for AccessTokenError {
    fn from(error: KeyRingError) -> Self {
        Self::Storage(error.into())
    }
}
