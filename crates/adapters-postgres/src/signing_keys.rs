//! [`SigningKeyRepository`]: the keys of all instances, in the order in which they were added.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::ports::{KeySuccession, SigningKeyRepository, StorageError};
use portcullis_domain::{KeyId, SigningAlgorithm, SigningKey, Timestamp};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::errors::{Failure, UnreadableRow};
use crate::moment::Moment;
use crate::rows::InColumn as _;
use crate::schema::signing_keys;
use crate::statement::statement;
use crate::store::PostgresStore;

#[async_trait]
impl SigningKeyRepository for PostgresStore {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        self.read((), |mut connection, ()| {
            async move {
                let rows: Vec<SigningKeyRow> = signing_keys::table
                    .order(signing_keys::position)
                    .select(SigningKeyRow::as_select())
                    .load(&mut connection)
                    .await?;
                Ok(rows.into_iter().map(SigningKeyRow::try_into_domain).collect::<Result<_, _>>()?)
            }
            .boxed()
        })
        .await
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        self.write(succession, |connection, succession| succeed(connection, succession).boxed()).await
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        self.write(now, |mut connection, &now| {
            async move {
                let expired = signing_keys::table.filter(signing_keys::verifies_until.lt(Moment(now)));
                let deleted = diesel::delete(expired).execute(&mut connection).await?;
                Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
            }
            .boxed()
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
    created_at: Moment,
    signs_from: Moment,
    verifies_until: Option<Moment>,
}

impl From<&SigningKey> for SigningKeyRow {
    fn from(key: &SigningKey) -> Self {
        Self {
            id: key.id.to_string(),
            algorithm: key.algorithm.name().to_owned(),
            sealed: key.sealed.clone(),
            created_at: Moment(key.created_at),
            signs_from: Moment(key.signs_from),
            verifies_until: key.verifies_until.map(Moment),
        }
    }
}

impl SigningKeyRow {
    pub(crate) fn try_into_domain(self) -> Result<SigningKey, UnreadableRow> {
        Ok(SigningKey {
            id: KeyId::new(self.id),
            algorithm: SigningAlgorithm::from_name(&self.algorithm).in_column("signing_keys.algorithm")?,
            sealed: self.sealed,
            created_at: self.created_at.0,
            signs_from: self.signs_from.0,
            verifies_until: self.verifies_until.map(|until| until.0),
        })
    }
}

/// Of several who add a successor to the same key, the first one takes its position. The others find the
/// position taken, or the key not the newest any more.
const SUCCEED: &str = concat!(
    "
WITH newest AS (
    SELECT position, id FROM signing_keys ORDER BY position DESC LIMIT 1
), added AS (
    INSERT INTO signing_keys (position, id, algorithm, sealed, created_at, signs_from, verifies_until)
    SELECT coalesce((SELECT position FROM newest), 0) + 1, $12, $13, $14, $15, $16, $17
    WHERE (SELECT id FROM newest) IS NOT DISTINCT FROM $10
    ON CONFLICT (position) DO NOTHING
    RETURNING position
), dated AS (
    UPDATE signing_keys SET verifies_until = $11
    FROM added WHERE signing_keys.position = added.position - 1
), told AS (",
    store_event_if_any!("added"),
    ")
SELECT position FROM added"
);

async fn succeed(mut connection: &AsyncPgConnection, succession: &KeySuccession) -> Result<bool, Failure> {
    let KeySuccession { key, predecessor, predecessor_until, event } = succession;
    let added: Option<i64> = with_event(statement(SUCCEED), event)
        .bind::<sql::Nullable<sql::Text>, _>(predecessor.as_ref().map(KeyId::as_str))
        .bind::<sql::Timestamptz, _>(Moment(*predecessor_until))
        .bind::<sql::Text, _>(key.id.as_str())
        .bind::<sql::Text, _>(key.algorithm.name())
        .bind::<sql::Binary, _>(key.sealed.as_slice())
        .bind::<sql::Timestamptz, _>(Moment(key.created_at))
        .bind::<sql::Timestamptz, _>(Moment(key.signs_from))
        .bind::<sql::Nullable<sql::Timestamptz>, _>(key.verifies_until.map(Moment))
        .returning_columns::<sql::BigInt>()
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(added.is_some())
}
