//! [`SigningKeyRepository`]: the keys of all instances, in the order in which they were added.

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::ports::{KeySuccession, SigningKeyRepository, StorageError};
use portcullis_domain::{KeyId, SigningAlgorithm, SigningKey, Timestamp};

use crate::audit_trail;
use crate::errors::{Failure, UnreadableRow};
use crate::kept::ExecuteKept as _;
use crate::rows::InColumn as _;
use crate::schema::signing_keys;
use crate::store::SqliteStore;
use crate::sweep::deleted;

#[async_trait]
impl SigningKeyRepository for SqliteStore {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        self.read(|connection| {
            let rows = signing_keys::table
                .order(signing_keys::position)
                .select(SigningKeyRow::as_select())
                .load(connection)?;
            Ok(rows.into_iter().map(SigningKeyRow::try_into_domain).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        self.write(move |connection| succeed(connection, succession)).await
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        self.write(move |connection| {
            let expired = signing_keys::table.filter(signing_keys::verifies_until.lt(now.unix_micros()));
            Ok(deleted(diesel::delete(expired).execute(connection)?))
        })
        .await
    }
}

/// A signing key, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
pub(crate) struct SigningKeyRow {
    id: String,
    algorithm: String,
    sealed: Vec<u8>,
    created_at: i64,
    signs_from: i64,
    verifies_until: Option<i64>,
}

impl From<SigningKey> for SigningKeyRow {
    fn from(key: SigningKey) -> Self {
        Self {
            id: key.id.to_string(),
            algorithm: key.algorithm.name().to_owned(),
            sealed: key.sealed,
            created_at: key.created_at.unix_micros(),
            signs_from: key.signs_from.unix_micros(),
            verifies_until: key.verifies_until.map(Timestamp::unix_micros),
        }
    }
}

impl SigningKeyRow {
    pub(crate) fn try_into_domain(self) -> Result<SigningKey, UnreadableRow> {
        Ok(SigningKey {
            id: KeyId::new(self.id),
            algorithm: SigningAlgorithm::from_name(&self.algorithm).in_column("signing_keys.algorithm")?,
            sealed: self.sealed,
            created_at: Timestamp::from_unix_micros(self.created_at),
            signs_from: Timestamp::from_unix_micros(self.signs_from),
            verifies_until: self.verifies_until.map(Timestamp::from_unix_micros),
        })
    }
}

fn succeed(connection: &mut SqliteConnection, succession: KeySuccession) -> Result<bool, Failure> {
    let KeySuccession { key, predecessor, predecessor_until, event } = succession;
    let newest: Option<String> = signing_keys::table
        .order(signing_keys::position.desc())
        .select(signing_keys::id)
        .get_result(connection)
        .optional()?;
    if newest.as_deref() != predecessor.as_ref().map(KeyId::as_str) {
        return Ok(false);
    }
    if let Some(newest) = newest {
        diesel::update(signing_keys::table.filter(signing_keys::id.eq(newest)))
            .set(signing_keys::verifies_until.eq(predecessor_until.unix_micros()))
            .execute_kept(connection)?;
    }
    diesel::insert_into(signing_keys::table).values(SigningKeyRow::from(key)).execute(connection)?;
    audit_trail::insert(connection, &event)?;
    Ok(true)
}
