use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_domain::ports::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, SigningKeyFactory, StorageError,
    VerifiedAccessToken,
};
use portcullis_domain::{KeyId, SigningAlgorithm, SigningKey, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Access tokens that anybody can read, and write: `access:<user>:<session>:<iat>:<exp>:<jti>`, the
/// times in microseconds.
///
/// They expire as real ones do. Keys are made by counting.
#[derive(Debug, Default)]
pub struct FakeAccessTokens {
    issued: Mutex<Vec<AccessClaims>>,
    keys: AtomicU32,
}

impl FakeAccessTokens {
    /// What every token that was issued says, the oldest first.
    #[must_use]
    pub fn issued(&self) -> Vec<AccessClaims> {
        self.claims().clone()
    }

    fn claims(&self) -> MutexGuard<'_, Vec<AccessClaims>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AccessTokens for FakeAccessTokens {
    async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError> {
        self.claims().push(claims.clone());
        Ok(Zeroizing::new(Fields::of(claims).written()))
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
        let fields = Fields::read(token).filter(|fields| fields.issued_at <= now && now < fields.expires_at);
        let Fields { user, session, issued_at, expires_at, token } =
            fields.ok_or(AccessTokenError::Invalid)?;
        Ok(VerifiedAccessToken {
            user_id: user.into(),
            session_id: session.into(),
            token_id: token,
            issued_at: whole_seconds(issued_at),
            expires_at: whole_seconds(expires_at),
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

struct Fields {
    user: Uuid,
    session: Uuid,
    issued_at: Timestamp,
    expires_at: Timestamp,
    token: Uuid,
}

impl Fields {
    fn of(claims: &AccessClaims) -> Self {
        Self {
            user: claims.user_id.uuid(),
            session: claims.session_id.uuid(),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            token: claims.token_id,
        }
    }

    fn written(&self) -> String {
        let Self { user, session, issued_at, expires_at, token } = self;
        let (issued_at, expires_at) = (issued_at.unix_micros(), expires_at.unix_micros());
        format!("access:{user}:{session}:{issued_at}:{expires_at}:{token}")
    }

    /// Reads a token in the one spelling that is written.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("access:")?.split(':');
        let fields = Self {
            user: parts.next()?.parse().ok()?,
            session: parts.next()?.parse().ok()?,
            issued_at: Timestamp::from_unix_micros(parts.next()?.parse().ok()?),
            expires_at: Timestamp::from_unix_micros(parts.next()?.parse().ok()?),
            token: parts.next()?.parse().ok()?,
        };
        (fields.written() == text).then_some(fields)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::FrozenClock;
    use crate::fixtures::{NOW, session, user};

    #[tokio::test]
    async fn a_token_counts_until_it_expires_and_in_one_spelling() {
        let tokens = FakeAccessTokens::default();
        let ada = user("ada@example.com");
        let session = session(ada.id);
        let expires_at = NOW + Duration::from_mins(1);
        let claims = AccessClaims {
            user_id: ada.id,
            session_id: session.id,
            token_id: Uuid::from_u128(7),
            issued_at: NOW,
            expires_at,
            roles: ada.roles,
            permissions: Vec::new(),
            email_verified: false,
        };
        let token = tokens.issue(&claims).await.expect("issued");
        assert_eq!(tokens.issued(), [claims]);

        let last_moment = expires_at - Duration::from_micros(1);
        let verified = tokens.verify(&token, last_moment).await.expect("it counts");
        let proven = VerifiedAccessToken {
            user_id: ada.id,
            session_id: session.id,
            token_id: Uuid::from_u128(7),
            issued_at: FrozenClock::START,
            expires_at: FrozenClock::START + Duration::from_mins(1),
        };
        assert_eq!(verified, proven, "times are to the second");
        let refused = [
            tokens.verify(&token, expires_at).await,
            tokens.verify(&token, NOW - Duration::from_micros(1)).await,
            tokens.verify(&token.to_uppercase().replace("ACCESS", "access"), NOW).await,
            tokens.verify(&format!("{}:", *token), NOW).await,
            tokens.verify("", NOW).await,
        ];
        for outcome in refused {
            assert!(matches!(outcome, Err(AccessTokenError::Invalid)), "{outcome:?}");
        }
    }
}
