use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::BoxError;
use crate::secret::Secret;

/// What a client holds to act for a session. Whoever has them is the user: keep them as you would keep a
/// password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// Sent with each call. A JWT (RFC 9068), good for minutes.
    pub access_token: Secret,
    /// Exchanged for the next pair, once. Good for weeks.
    pub refresh_token: Secret,
}

/// Where an application keeps the tokens of one session, so that its user stays signed in when it ends.
///
/// The client calls one method at a time.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Keeps `tokens` in the place of those before, which are spent. No call is made with them before this has
    /// succeeded.
    ///
    /// # Errors
    ///
    /// Whatever there is to say; the call that caused it fails with [`Error::NotStored`](crate::Error::NotStored).
    async fn store(&self, tokens: &Tokens) -> Result<(), BoxError>;

    /// Forgets the tokens: the session has ended, and they are good for nothing.
    ///
    /// # Errors
    ///
    /// Whatever there is to say; the call that ended the session fails with
    /// [`Error::NotStored`](crate::Error::NotStored).
    async fn clear(&self) -> Result<(), BoxError>;
}
