use async_trait::async_trait;
use portcullis_domain::ports::{KeySuccession, SigningKeyRepository, StorageError};
use portcullis_domain::{SigningKey, Timestamp};

use super::MemoryStorage;

#[async_trait]
impl SigningKeyRepository for MemoryStorage {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        Ok(self.step("SigningKeyRepository::list").await?.signing_keys.values().cloned().collect())
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        let mut state = self.step("SigningKeyRepository::succeed").await?;
        let KeySuccession { key, predecessor, predecessor_until, event } = succession;
        let newest =
            state.signing_keys.last_key_value().map(|(position, newest)| (*position, newest.id.clone()));
        let (position, newest) = newest.unzip();
        if newest != predecessor {
            return Ok(false);
        }
        state.record(event)?;
        if let Some(mut newest) = state.signing_keys.last_entry() {
            newest.get_mut().verifies_until = Some(predecessor_until);
        }
        state.signing_keys.insert(position.map_or(1, |position| position + 1), key);
        Ok(true)
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        let mut state = self.step("SigningKeyRepository::delete_expired").await?;
        let expired = |_: &u32, key: &mut SigningKey| key.verifies_until.is_some_and(|until| until < now);
        Ok(state.signing_keys.extract_if(.., expired).map(|_| 1).sum())
    }
}
