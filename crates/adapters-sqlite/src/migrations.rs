//! The schema: which version of it a database has, and how it gets the newest.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::migration::{Migration as _, MigrationSource};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl as _, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use portcullis_domain::ports::StorageError;

use crate::errors::Failure;
use crate::store::SqliteStore;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

impl SqliteStore {
    /// Applies the migrations that the database lacks, all or none, and gives their names. However
    /// many instances start at once, one applies them.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: none is applied.
    pub async fn migrate(&self) -> Result<Vec<String>, StorageError> {
        self.write_alone(|connection| {
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
        self.read(pending).await
    }

    /// The versions of the migrations that were applied to the database and that nobody here knows: those of a newer
    /// version, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn unknown_migrations(&self) -> Result<Vec<String>, StorageError> {
        self.read(unknown).await
    }
}

fn pending(connection: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    // Diesel would create its table of applied migrations, and only to read it.
    let pending = if has_applied_any(connection)? {
        connection.pending_migrations(MIGRATIONS)
    } else {
        MigrationSource::<Sqlite>::migrations(&MIGRATIONS)
    };
    let pending = pending.map_err(Failure::Migration)?;
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

fn unknown(connection: &mut SqliteConnection) -> Result<Vec<String>, Failure> {
    if !has_applied_any(connection)? {
        return Ok(Vec::new());
    }
    let applied = connection.applied_migrations().map_err(Failure::Migration)?;
    let mut unknown: BTreeSet<_> = applied.iter().map(ToString::to_string).collect();
    for migration in MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(Failure::Migration)? {
        unknown.remove(&migration.name().version().to_string());
    }
    Ok(unknown.into_iter().collect())
}

fn has_applied_any(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let table = sql::<Bool>("EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '__diesel_schema_migrations')");
    diesel::select(table).get_result(connection)
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
