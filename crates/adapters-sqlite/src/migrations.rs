//! The schema: which version of it a database has, and how it gets the newest.

use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use portcullis_domain::ports::StorageError;

use crate::errors::Failure;
use crate::store::SqliteStore;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

impl SqliteStore {
    /// Applies the migrations that the database lacks, all or none, and gives their names. However
    /// many instances start at once, one applies them.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: none is applied.
    pub async fn migrate(&self) -> Result<Vec<String>, StorageError> {
        self.write(|connection| {
            let pending = pending(connection)?;
            connection.run_pending_migrations(MIGRATIONS).map_err(Failure::Migration)?;
            Ok(pending)
        })
        .await
    }

    /// The names of the migrations that the database lacks, in the order of their application.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StorageError> {
        // Diesel creates its bookkeeping table even to read it.
        self.write(pending).await
    }
}

fn pending(connection: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    let migrations = connection.pending_migrations(MIGRATIONS).map_err(Failure::Migration)?;
    Ok(migrations.iter().map(|migration| migration.name().to_string()).collect())
}

/// Whether the database holds tables of another application. The first migration leaves our mark in
/// the header of the file.
pub(crate) fn is_foreign(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let unmarked_tables = sql::<Bool>(
        "(SELECT application_id FROM pragma_application_id) <> 0x506F7274
         AND EXISTS (SELECT 1 FROM sqlite_schema WHERE tbl_name <> '__diesel_schema_migrations')",
    );
    diesel::select(unmarked_tables).get_result(connection)
}
