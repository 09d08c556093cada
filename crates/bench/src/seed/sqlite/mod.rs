//! Many rows into SQLite.

mod indexes;

use std::fs::File;

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use tokio::sync::mpsc::Receiver;

use self::indexes::Indexes;
use super::Written;
use super::pages::Page;
use super::rows::{Cell, Rows, Table};

const TABLES: [&str; 3] = ["users", "user_roles", "sessions"];

/// Writes pages into tables that are empty, and then their indexes. Nobody else may have the database open. Nothing is
/// changed when something is amiss.
pub(super) fn fill(
    path: &str,
    mut pages: Receiver<anyhow::Result<Page>>,
    mut written: Written,
) -> anyhow::Result<Written> {
    let mut connection = SqliteConnection::establish(path)?;
    // With a log everything would be written twice. A journal has what was there before, which is next to nothing.
    ensure!(journal(&mut connection, "TRUNCATE")? == "truncate", "somebody else has {path} open");
    connection.batch_execute(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA foreign_keys = OFF; PRAGMA threads = 2;
         PRAGMA locking_mode = EXCLUSIVE",
    )?;
    connection.exclusive_transaction(|connection| {
        let indexes = Indexes::of(connection, &TABLES)?;
        indexes.suspend(connection)?;
        while let Some(page) = pages.blocking_recv() {
            let Page { users, sessions, tables } = page?;
            for rows in &tables {
                insert(connection, rows)?;
            }
            written.add(users, sessions);
        }
        indexes.restore(connection, &TABLES)
    })?;
    drop(connection);
    // What was not synced on its way is so before anything is measured.
    File::open(path)?.sync_all()?;
    let mut connection = SqliteConnection::establish(path)?;
    ensure!(journal(&mut connection, "WAL")? == "wal", "somebody else has {path} open");
    Ok(written)
}

/// Adds rows to tables as they are.
pub(super) fn add(path: &str, tables: &[Rows]) -> anyhow::Result<()> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA cache_size = -500000")?;
    connection
        .immediate_transaction(|connection| tables.iter().try_for_each(|rows| insert(connection, rows)))?;
    // So that it is not left to whoever writes next.
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

/// Asks for a way to keep what a transaction changes, and tells which one is used now.
fn journal(connection: &mut SqliteConnection, mode: &str) -> anyhow::Result<String> {
    let mode: JournalMode = sql_query(format!("PRAGMA journal_mode = {mode}")).get_result(connection)?;
    Ok(mode.journal_mode)
}

/// Writes rows, many with each statement.
fn insert(connection: &mut SqliteConnection, Rows { table, rows }: &Rows) -> anyhow::Result<()> {
    /// So many values a statement may have.
    const VALUES: usize = 8_000;
    for rows in rows.chunks(VALUES / table.columns.len()) {
        let mut query = sql_query(statement(table, rows.len())).into_boxed();
        for cell in rows.iter().flatten() {
            query = match cell {
                Cell::Nothing => query.bind::<Nullable<Text>, _>(None::<&str>),
                Cell::Id(id) => query.bind::<Binary, _>(id.as_slice()),
                Cell::Digest(digest) => query.bind::<Binary, _>(digest.as_slice()),
                Cell::Text(text) => query.bind::<Text, _>(text.as_str()),
                Cell::Flag(flag) => query.bind::<Bool, _>(*flag),
                Cell::Number(number) => query.bind::<BigInt, _>(*number),
                Cell::Moment(moment) => query.bind::<BigInt, _>(moment.unix_micros()),
            };
        }
        query.execute(connection)?;
    }
    Ok(())
}

fn statement(table: &Table, rows: usize) -> String {
    let row = format!("({})", vec!["?"; table.columns.len()].join(","));
    format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns.join(", "), vec![row; rows].join(","))
}

/// All statements that made the schema.
#[cfg(test)]
pub(super) fn schema(path: &str) -> anyhow::Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Made {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let mut connection = SqliteConnection::establish(path)?;
    let made = sql_query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql");
    Ok(made.load::<Made>(&mut connection)?.into_iter().map(|Made { sql }| sql).collect())
}
