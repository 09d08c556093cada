//! The indexes of tables, to take away and to put back.

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};

/// The indexes of some tables that were made by statements, as the schema tells them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Indexes(Vec<Index>);

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

impl Indexes {
    /// Those of the tables with these names.
    pub(super) fn of(connection: &mut SqliteConnection, tables: &[&str]) -> anyhow::Result<Self> {
        let named: Vec<_> = tables.iter().map(|table| format!("'{table}'")).collect();
        let made = format!(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({})
             ORDER BY name",
            named.join(", ")
        );
        Ok(Self(sql_query(made).load(connection)?))
    }

    /// Takes them away.
    pub(super) fn suspend(&self, connection: &mut SqliteConnection) -> anyhow::Result<()> {
        for Index { name, .. } in &self.0 {
            connection.batch_execute(&format!("DROP INDEX {name}"))?;
        }
        Ok(())
    }

    /// Puts them back, and looks whether all of them are there.
    pub(super) fn restore(&self, connection: &mut SqliteConnection, tables: &[&str]) -> anyhow::Result<()> {
        for Index { sql, .. } in &self.0 {
            connection.batch_execute(sql)?;
        }
        let restored = Self::of(connection, tables)?;
        ensure!(restored == *self, "the tables had {self:?}, and have {restored:?}");
        Ok(())
    }
}
