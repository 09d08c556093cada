//! The indexes and constraints of tables, to take away and to put back.

use anyhow::ensure;
use tokio_postgres::Transaction;

/// What keeps some tables in order, as the catalogue tells it: all that has to be looked at for each row that
/// comes in, and is there sooner once all rows are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// That rows of one table are named in another, of which one is among the tables.
    references: Vec<Constraint>,
    /// Primary keys and the like, and their indexes with them.
    keys: Vec<Constraint>,
    indexes: Vec<Index>,
}

#[derive(Debug, PartialEq, Eq)]
struct Constraint {
    table: String,
    name: String,
    definition: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Index {
    name: String,
    definition: String,
}

impl Order {
    /// That of the tables with these names.
    pub(super) async fn of(transaction: &Transaction<'_>, tables: &[&str]) -> anyhow::Result<Self> {
        const CONSTRAINTS: &str = "
            SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
            WHERE contype::text = ANY ($2) AND (conrelid::regclass::text = ANY ($1) OR confrelid::regclass::text = ANY ($1))
            ORDER BY 1, 2";
        const INDEXES: &str = "
            SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid::regclass::text = ANY ($1)
                AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
            ORDER BY 1";
        let constraints = async |kinds: &[&str]| {
            let rows = transaction.query(CONSTRAINTS, &[&tables, &kinds]).await?;
            let constraints = rows.iter().map(|row| Constraint {
                table: row.get(0),
                name: row.get(1),
                definition: row.get(2),
            });
            anyhow::Ok(constraints.collect())
        };
        let rows = transaction.query(INDEXES, &[&tables]).await?;
        let indexes = rows.iter().map(|row| Index { name: row.get(0), definition: row.get(1) });
        Ok(Self {
            references: constraints(&["f"]).await?,
            keys: constraints(&["p", "u", "x"]).await?,
            indexes: indexes.collect(),
        })
    }

    /// Takes it away.
    pub(super) async fn suspend(&self, transaction: &Transaction<'_>) -> anyhow::Result<()> {
        for Constraint { table, name, .. } in self.references.iter().chain(&self.keys) {
            transaction.batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await?;
        }
        for Index { name, .. } in &self.indexes {
            transaction.batch_execute(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }

    /// Puts it back, and looks whether all of it is there.
    pub(super) async fn restore(&self, transaction: &Transaction<'_>, tables: &[&str]) -> anyhow::Result<()> {
        let add = async |Constraint { table, name, definition }: &Constraint| {
            let statement = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");
            transaction.batch_execute(&statement).await
        };
        for key in &self.keys {
            add(key).await?;
        }
        for Index { definition, .. } in &self.indexes {
            transaction.batch_execute(definition).await?;
        }
        for reference in &self.references {
            add(reference).await?;
        }
        let restored = Self::of(transaction, tables).await?;
        ensure!(restored == *self, "the tables had {self:?}, and have {restored:?}");
        Ok(())
    }
}
