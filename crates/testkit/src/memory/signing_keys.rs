use async_trait::async_trait;
use portcullis_domain::ports::{SigningKeyRepository, StorageError};
use portcullis_domain::{KeyId, SigningKey, Timestamp};

use super::MemoryStorage;

#[async_trait]
impl SigningKeyRepository for MemoryStorage {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        Ok(self.step("SigningKeyRepository::list")?.signing_keys.values().cloned().collect())
    }

    async fn succeed(
        &self,
        key: SigningKey,
        predecessor: Option<KeyId>,
        predecessor_until: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.step("SigningKeyRepository::succeed")?;
        let newest = state.signing_keys.last_entry();
        if newest.as_ref().map(|newest| &newest.get().id) != predecessor.as_ref() {
            return Ok(false);
        }
        let mut position = 1;
        if let Some(mut newest) = newest {
            newest.get_mut().verifies_until = Some(predecessor_until);
            position += newest.key();
        }
        state.signing_keys.insert(position, key);
        Ok(true)
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        let mut state = self.step("SigningKeyRepository::delete_expired")?;
        let expired = |_: &u32, key: &mut SigningKey| key.verifies_until.is_some_and(|until| until < now);
        Ok(state.signing_keys.extract_if(.., expired).map(|_| 1).sum())
    }
}
