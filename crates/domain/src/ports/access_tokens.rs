use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{AddedClaims, StorageError};
use crate::signing_key::{SigningAlgorithm, SigningKey};
use crate::values::{AccessTokenId, Permission, RoleName, SessionId, Timestamp, UserId};

/// Writes and reads access tokens: JWTs of type `at+jwt` (RFC 9068), under the ring of signing keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// Signs `claims`, all of them, with the key whose time it is at their `issued_at`.
    ///
    /// Proven by the cases `a_token_proves_what_it_was_issued_for` and
    /// `tokens_issued_at_once_are_told_apart`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when no key can be had.
    async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError>;

    /// Reads a token. MUST refuse whatever a key of the ring did not sign, in the algorithm of that
    /// key; whatever `now` lies outside of; whatever was not issued here, for here, as an access
    /// token; and any spelling but the one that was issued.
    ///
    /// Proven by the cases `a_token_proves_what_it_was_issued_for`, `a_token_counts_until_it_expires`,
    /// `a_token_issued_far_ahead_does_not_count_yet`, `a_token_with_any_character_changed_is_refused`,
    /// `a_token_counts_in_one_spelling`, `a_token_of_another_installation_is_refused` and
    /// `tokens_issued_at_once_are_told_apart`.
    ///
    /// # Errors
    ///
    /// [`AccessTokenError::Invalid`] for all of these alike, [`AccessTokenError::Storage`] when the
    /// ring could not be read.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError>;

    /// The public keys with which others verify tokens at `now`: a JWK Set (RFC 7517) as JSON text.
    ///
    /// MUST hold each key from before it signs until its last token has expired, and no private part.
    ///
    /// Proven by the case `published_keys_have_no_private_part`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when the ring could not be read.
    async fn public_keys(&self, now: Timestamp) -> Result<String, StorageError>;
}

/// Makes signing keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SigningKeyFactory: Send + Sync {
    /// A new key for `algorithm`, its private part sealed, that signs from `signs_from` on.
    fn generate(&self, algorithm: SigningAlgorithm, now: Timestamp, signs_from: Timestamp) -> SigningKey;
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub`.
    pub user_id: UserId,
    /// `sid`.
    pub session_id: SessionId,
    /// `jti`.
    pub token_id: AccessTokenId,
    /// `iat` and `nbf`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `roles`.
    pub roles: Vec<RoleName>,
    /// `permissions`.
    pub permissions: Vec<Permission>,
    /// `email_verified`.
    pub email_verified: bool,
    /// Those of the application around, beside these.
    pub added: AddedClaims,
}

/// A signed access token, as clients send it.
pub type AccessToken = Zeroizing<String>;

/// What an authentic access token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedAccessToken {
    /// Whose it is.
    pub user_id: UserId,
    /// Of which session, which may have ended since.
    pub session_id: SessionId,
    /// Tells it from other tokens of the session.
    pub token_id: AccessTokenId,
    /// When it was issued, to the second.
    pub issued_at: Timestamp,
    /// When it expires, to the second.
    pub expires_at: Timestamp,
}

/// Why an access token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AccessTokenError {
    /// It is not an access token of this service that counts now.
    #[error("the access token is invalid or has expired")]
    Invalid,
    /// It could not be checked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
