use std::sync::Arc;

use crate::ports::{Clock, DeleteOutcome, StorageError, UserRepository};
use crate::secrets::AttemptKeys;
use crate::services::{PasswordCheck, PasswordCheckError};
use crate::values::{Password, UserId};

/// Erases the account of a user who gives its password.
pub struct DeleteAccount {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) password_check: PasswordCheck,
    pub(super) attempts: AttemptKeys,
}

/// Why the account stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// The password that was given did not show who they are.
    #[error(transparent)]
    Check(#[from] PasswordCheckError),
    /// Nobody else is an active administrator.
    #[error("nobody else is an active administrator")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl DeleteAccount {
    /// Erases the account of `user` and all that hangs on it. No `password` means that what was sent
    /// is longer than any.
    ///
    /// # Errors
    ///
    /// See [`DeleteAccountError`].
    pub async fn delete(&self, user: UserId, password: Option<Password>) -> Result<(), DeleteAccountError> {
        let account = self.users.find_by_id(user).await?;
        let hash = account.and_then(|account| account.password_hash);
        let attempts = self.attempts.of_account(user);
        self.password_check.check(attempts, hash, password, self.clock.now()).await?;
        match self.users.delete(user, attempts).await? {
            DeleteOutcome::Deleted | DeleteOutcome::NotFound => Ok(()),
            DeleteOutcome::LastAdmin => Err(DeleteAccountError::LastAdmin),
        }
    }
}
