use async_trait::async_trait;
use portcullis_domain::ports::{KeySuccession, SigningKeyRepository, StorageError};
use portcullis_domain::{SigningKey, Timestamp};

use crate::RedbStore;
use crate::records::{Changes as _, SIGNING_KEYS};
use crate::tables::{Reads as _, Writes as _};

#[async_trait]
impl SigningKeyRepository for RedbStore {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        let keys = self.read(|store| store.all(&SIGNING_KEYS, |_| true)).await?;
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        self.write(move |store| {
            let KeySuccession { key, predecessor, predecessor_until, event } = succession;
            let newest = store.last(&SIGNING_KEYS, None, 1, |_| true)?.pop();
            if newest.as_ref().map(|(_, newest)| &newest.id) != predecessor.as_ref() {
                return Ok(false);
            }
            store.record(&event)?;
            let position = newest.as_ref().map_or(1, |(position, _)| position + 1);
            if let Some((position, mut newest)) = newest {
                newest.verifies_until = Some(predecessor_until);
                store.put(&SIGNING_KEYS, &position, &(position, newest))?;
            }
            store.put(&SIGNING_KEYS, &position, &(position, key))?;
            Ok(true)
        })
        .await
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        self.write(move |store| {
            let is_over = |(_, key): &(u32, SigningKey)| key.verifies_until.is_some_and(|until| until < now);
            store.all(&SIGNING_KEYS, is_over)?.iter().try_fold(0, |deleted, (position, _)| {
                store.remove(&SIGNING_KEYS, position)?;
                Ok(deleted + 1)
            })
        })
        .await
    }
}
