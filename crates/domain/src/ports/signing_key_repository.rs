use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::signing_key::SigningKey;
use crate::values::{KeyId, Timestamp};

/// Keeps signing keys, shared by all instances.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SigningKeyRepository: Send + Sync {
    /// Every key, the oldest first.
    ///
    /// Proven by the case `a_signing_key_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError>;

    /// Adds a key as the newest and lets its predecessor verify as long as it says.
    ///
    /// MUST do nothing and return `false` when the predecessor is not the newest any more: of many instances
    /// that start on an empty store, exactly one makes the first key.
    ///
    /// Proven by the cases `raced_first_keys_leave_one`, `rotation_dates_the_predecessor`,
    /// `a_stale_predecessor_changes_nothing` and `a_new_key_is_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError>;

    /// Deletes the keys whose last token expired before `now`, and says how many it deleted.
    ///
    /// Proven by the case `expired_keys_are_deleted_and_the_newest_never`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError>;
}

/// A key that follows another.
#[derive(Clone, Debug)]
pub struct KeySuccession {
    /// The new key.
    pub key: SigningKey,
    /// The newest that the caller knows of; none for the very first.
    pub predecessor: Option<KeyId>,
    /// Until when that one verifies.
    pub predecessor_until: Timestamp,
    /// Tells of it.
    pub event: AuditEvent,
}
