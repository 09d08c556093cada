//! What a newer version of the program leaves in a database.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

/// A migration that this version does not know.
pub(crate) const MIGRATION: &str = "99991231000000";

/// Writes into the database at `path` that the migration was applied.
pub(crate) fn apply_migration(path: &Path) {
    let path = path.to_str().expect("a plain name");
    let mut connection = SqliteConnection::establish(path).expect("a database");
    let applied = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{MIGRATION}')");
    connection.batch_execute(&applied).expect("there is a list of migrations");
}
