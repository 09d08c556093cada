//! Many rows into PostgreSQL.

mod binary_copy;
mod indexes;

use tokio::sync::mpsc::Receiver;
use tokio_postgres::{Client, NoTls};

use self::binary_copy::{Freeze, copy};
use self::indexes::Order;
use super::Written;
use super::pages::Page;
use super::rows::Rows;

/// Tables that name each other come after those that they name.
const TABLES: [&str; 3] = ["users", "user_roles", "sessions"];

/// Writes pages into tables that are empty, and then their indexes. Nothing is changed when something is amiss.
pub(super) async fn fill(
    url: &str,
    mut pages: Receiver<anyhow::Result<Page>>,
    mut written: Written,
) -> anyhow::Result<Written> {
    let mut client = connect(url).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL maintenance_work_mem = '1GB'").await?;
    let order = Order::of(&transaction, &TABLES).await?;
    order.suspend(&transaction).await?;
    transaction.batch_execute(&format!("TRUNCATE {}", TABLES.join(", "))).await?;
    while let Some(page) = pages.recv().await {
        let Page { users, sessions, tables } = page?;
        for rows in tables {
            copy(&transaction, rows, Freeze::Yes).await?;
        }
        written.add(users, sessions);
    }
    order.restore(&transaction, &TABLES).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Adds rows to tables as they are.
pub(super) async fn add(url: &str, tables: Vec<Rows>) -> anyhow::Result<()> {
    let mut client = connect(url).await?;
    let transaction = client.transaction().await?;
    for rows in tables {
        copy(&transaction, rows, Freeze::No).await?;
    }
    Ok(transaction.commit().await?)
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // What goes wrong on the connection is told to whoever uses the client.
    tokio::spawn(connection);
    Ok(client)
}
