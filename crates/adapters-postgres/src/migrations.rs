//! The schema: which version of it a database has, and how it gets the newest.

use std::collections::BTreeSet;

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    SimpleAsyncConnection as _, TransactionManager as _,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use futures_util::FutureExt as _;
use portcullis_domain::ports::StorageError;

use crate::errors::Failure;
use crate::schema::__diesel_schema_migrations as applied;
use crate::statement::statement;
use crate::store::PostgresStore;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

impl PostgresStore {
    /// Applies the migrations that the database lacks, all or none, and gives their names. However
    /// many instances start at once, one applies them, and the others wait for it as long as it takes.
    ///
    /// All of it is one transaction, so that it works behind a pooler, too. Where nothing is lacking,
    /// nothing is locked, and no right to create anything is needed.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: none is applied.
    pub async fn migrate(&self) -> Result<Vec<String>, StorageError> {
        if self.pending_migrations().await?.is_empty() {
            return Ok(Vec::new());
        }
        let connector = self.connector.clone();
        let migrated = self.runtime.spawn(async move {
            // One of its own, which is closed afterwards: it has settings that suit nothing else.
            migrate(connector.connect().await?).await
        });
        Ok(migrated.await.unwrap_or_else(|interruption| Err(interruption.into()))?)
    }

    /// The names of the migrations that the database lacks, in the order of their application.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StorageError> {
        self.read((), |connection, ()| pending(connection).boxed()).await
    }

    /// The versions of the migrations that were applied to the database and that nobody here knows: those of a newer
    /// version, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn unknown_migrations(&self) -> Result<Vec<String>, StorageError> {
        self.read((), |connection, ()| unknown(connection).boxed()).await
    }
}

/// Waits as long as it takes for other instances, but not for a table: whoever waits for one makes
/// everybody wait who comes after.
const TAKE_TURNS: &str = "
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_advisory_xact_lock(x'506F727463756C6C'::bigint);
SET LOCAL lock_timeout = '5s'";

async fn migrate(mut connection: AsyncPgConnection) -> Result<Vec<String>, Failure> {
    AnsiTransactionManager::begin_transaction(&mut connection).await?;
    connection.batch_execute(TAKE_TURNS).await?;
    let pending = pending(&connection).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    harness.run_pending_migrations(MIGRATIONS).map_err(Failure::Migration)?;
    AnsiTransactionManager::commit_transaction(&mut harness.into_inner()).await?;
    Ok(pending)
}

/// Asks whether there is a list of what was applied before asking for it: creating it, as diesel would, is not
/// everybody's right. It asks the catalogue, since `to_regclass` may answer from memory.
const LIST_IS_THERE: &str = "
SELECT FROM pg_tables
WHERE tablename = '__diesel_schema_migrations' AND schemaname = ANY (current_schemas(FALSE))";

async fn applied_versions(mut connection: &AsyncPgConnection) -> Result<BTreeSet<String>, Failure> {
    let is_begun = statement(LIST_IS_THERE).execute(&mut connection).await? > 0;
    let mut versions = BTreeSet::new();
    if is_begun {
        let applied: Vec<String> = applied::table.select(applied::version).load(&mut connection).await?;
        versions.extend(applied);
    }
    Ok(versions)
}

async fn pending(connection: &AsyncPgConnection) -> Result<Vec<String>, Failure> {
    let versions = applied_versions(connection).await?;
    let mut migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(Failure::Migration)?;
    migrations.retain(|migration| !versions.contains(&migration.name().version().to_string()));
    Ok(migrations.iter().map(|migration| migration.name().to_string()).collect())
}

async fn unknown(connection: &AsyncPgConnection) -> Result<Vec<String>, Failure> {
    let mut versions = applied_versions(connection).await?;
    for migration in MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(Failure::Migration)? {
        versions.remove(&migration.name().version().to_string());
    }
    Ok(versions.into_iter().collect())
}
