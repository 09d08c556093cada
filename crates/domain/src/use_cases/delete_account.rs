use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Origin;
use crate::ports::{Clock, DeleteOutcome, Deletion, StorageError, UserRepository};
use crate::secrets::AttemptKeys;
use crate::services::{Auditor, Check, PasswordCheck, PasswordCheckError, unless_overtaken_twice};
use crate::session::Principal;
use crate::values::{Client, Password, Permissions};

/// Erases the account of a user who gives its password.
pub struct DeleteAccount {
    pub(super) users: Arc<dyn UserRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
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
    /// Erases the account of `principal` and all that hangs on it. No `password` means that what was sent
    /// is longer than any.
    ///
    /// # Errors
    ///
    /// See [`DeleteAccountError`].
    pub async fn delete(
        &self,
        principal: &Principal,
        password: Option<Password>,
        client: Client,
    ) -> Result<(), DeleteAccountError> {
        let attempt = async || self.attempt(principal, password.clone(), client.clone()).await;
        unless_overtaken_twice(attempt).await
    }

    /// Erases nothing, and says so, when the account has another hash by the time that the password is checked.
    async fn attempt(
        &self,
        principal: &Principal,
        password: Option<Password>,
        client: Client,
    ) -> Result<bool, DeleteAccountError> {
        let user = principal.user.id;
        let now = self.clock.now();
        let account = self.users.find_by_id(user).await?;
        let attempts = self.attempts.of_account(user);
        let origin = Origin::user(user, client);
        let purpose = AuditKind::UserDeletion;
        let check = Check { attempts, account, password, purpose, origin: &origin, now };
        let verified_hash = self.password_check.check(check).await?;
        let event = self.auditor.event(purpose, &origin, now).about(user);
        let deletion = Deletion {
            user,
            // Everybody has authority over themselves, whatever they were given since the call began.
            authority: Permissions::every([]),
            verified_hash: Some(verified_hash),
            attempts,
            event: event.clone(),
        };
        match self.users.delete(deletion).await? {
            DeleteOutcome::Deleted => {
                self.auditor.stored(&event);
                Ok(true)
            }
            DeleteOutcome::NotFound => Ok(true),
            DeleteOutcome::Outranked => Err(StorageError::broken("every permission was outranked").into()),
            DeleteOutcome::Refused => Ok(false),
            DeleteOutcome::LastAdmin => Err(DeleteAccountError::LastAdmin),
        }
    }
}
