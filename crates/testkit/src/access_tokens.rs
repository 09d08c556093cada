use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_domain::ports::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, SigningKeyFactory, StorageError,
    VerifiedAccessToken,
};
use portcullis_domain::{KeyId, SigningAlgorithm, SigningKey, Timestamp};
use zeroize::Zeroizing;

/// Access tokens that anybody can read, `access:<user>:<session>:<iat>:<exp>:<jti>`, the times in microseconds,
/// and that count only where they were issued.
///
/// They expire as real ones do. Keys are made by counting.
///
/// ```
/// use portcullis_domain::ports::AccessTokens as _;
/// use portcullis_testkit::{Fakes, TestDomain};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// let signed_in = domain.signed_in("ada@example.com").await;
/// let claims = domain.access_tokens.issued().pop().unwrap();
/// assert_eq!(claims.user_id, signed_in.user.id);
/// assert!(claims.email_verified);
/// # });
/// ```
#[derive(Debug, Default)]
pub struct FakeAccessTokens {
    issued: Mutex<Vec<(String, AccessClaims)>>,
    keys: AtomicU32,
}

impl FakeAccessTokens {
    /// What every token that was issued says, the oldest first.
    #[must_use]
    pub fn issued(&self) -> Vec<AccessClaims> {
        self.tokens().iter().map(|(_, claims)| claims.clone()).collect()
    }

    fn tokens(&self) -> MutexGuard<'_, Vec<(String, AccessClaims)>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AccessTokens for FakeAccessTokens {
    async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError> {
        let token = written(claims);
        self.tokens().push((token.clone(), claims.clone()));
        Ok(Zeroizing::new(token))
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
        let tokens = self.tokens();
        let issued = tokens.iter().find(|(issued, _)| issued == token).map(|(_, claims)| claims);
        let counts = issued.filter(|claims| claims.issued_at <= now && now < claims.expires_at);
        let claims = counts.ok_or(AccessTokenError::Invalid)?;
        Ok(VerifiedAccessToken {
            user_id: claims.user_id,
            session_id: claims.session_id,
            token_id: claims.token_id,
            issued_at: whole_seconds(claims.issued_at),
            expires_at: whole_seconds(claims.expires_at),
        })
    }

    async fn public_keys(&self, _now: Timestamp) -> Result<String, StorageError> {
        Ok(r#"{"keys":[]}"#.to_owned())
    }
}

impl SigningKeyFactory for FakeAccessTokens {
    fn generate(&self, algorithm: SigningAlgorithm, now: Timestamp, signs_from: Timestamp) -> SigningKey {
        let number = self.keys.fetch_add(1, Ordering::SeqCst) + 1;
        SigningKey {
            id: KeyId::new(format!("key-{number}")),
            algorithm,
            sealed: format!("the sealed private part of key-{number}").into_bytes(),
            created_at: now,
            signs_from,
            verifies_until: None,
        }
    }
}

/// The moment as a JWT has it.
fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_micros(moment.unix_seconds() * 1_000_000)
}

fn written(claims: &AccessClaims) -> String {
    let AccessClaims { user_id, session_id, token_id, issued_at, expires_at, .. } = claims;
    let (issued_at, expires_at) = (issued_at.unix_micros(), expires_at.unix_micros());
    format!("access:{user_id}:{session_id}:{issued_at}:{expires_at}:{token_id}")
}
