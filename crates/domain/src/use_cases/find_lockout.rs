use std::sync::Arc;

use crate::ports::{Clock, LockoutRepository, StorageError};
use crate::secrets::AttemptKeys;
use crate::values::{Timestamp, UserId};

/// Shows whether wrong passwords have locked an account.
pub struct FindLockout {
    pub(super) lockouts: Arc<dyn LockoutRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) attempts: AttemptKeys,
}

impl FindLockout {
    /// Until when nobody signs in to the account of `user`, if wrong passwords have locked it.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn find(&self, user: UserId) -> Result<Option<Timestamp>, StorageError> {
        self.lockouts.locked_until(self.attempts.of_account(user), self.clock.now()).await
    }
}
