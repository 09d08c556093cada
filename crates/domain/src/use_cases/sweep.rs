use std::sync::Arc;
use std::time::Duration;

use crate::policy::Policy;
use crate::ports::{
    AuditTrail, Clock, LockoutRepository, SessionRepository, SigningKeyRepository, StorageError,
    TokenRepository,
};

/// Deletes what has expired, and what the audit trail need not remember any more.
///
/// No expiry depends on it, for it is checked at use: it keeps tables small, and the trail as short as the policy
/// says.
pub struct Sweep {
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) lockouts: Arc<dyn LockoutRepository>,
    pub(super) keys: Arc<dyn SigningKeyRepository>,
    pub(super) trail: Arc<dyn AuditTrail>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) policy: Arc<Policy>,
}

impl Sweep {
    /// The most rows of a kind that one call deletes, so that it never holds the store for long.
    pub const BATCH: u32 = 500;
    /// Expired rows stay this long, so that instances whose clocks differ agree on what is expired.
    const MARGIN: Duration = Duration::from_mins(1);

    /// Deletes one batch of each kind and says whether more may be left.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: what was deleted stays deleted.
    pub async fn sweep(&self) -> Result<bool, StorageError> {
        let now = self.clock.now();
        let expired = now - Self::MARGIN;
        let forgotten = expired - self.policy.lockout.forgotten_after();
        let sessions = self.sessions.delete_expired(expired, Self::BATCH).await?;
        let tokens = self.tokens.delete_expired(expired, Self::BATCH).await?;
        let attempts = self.lockouts.delete_stale(forgotten, Self::BATCH).await?;
        self.keys.delete_expired(expired).await?;
        let events = self.trail.delete_older(now - self.policy.lifetimes.audit, Self::BATCH).await?;
        Ok([sessions, tokens, attempts, events].contains(&Self::BATCH))
    }
}
