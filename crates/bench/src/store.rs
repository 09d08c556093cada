//! Stores, opened beside the service to be looked into.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::ports::InstallationArchive;

/// Opens the store that a URL names, whose schema must be the newest.
pub(crate) async fn open(url: &str) -> anyhow::Result<Box<dyn InstallationArchive>> {
    let (store, pending): (Box<dyn InstallationArchive>, _) =
        if let Some(path) = url.strip_prefix("sqlite://") {
            let options = SqliteOptions { create: false, busy_timeout: PATIENCE, ..SqliteOptions::new(path) };
            let store = SqliteStore::open(&options).await?;
            let pending = store.pending_migrations().await?;
            (Box::new(store), pending)
        } else {
            let store = PostgresStore::connect(&postgres_options(url)?).await?;
            let pending = store.pending_migrations().await?;
            (Box::new(store), pending)
        };
    ensure!(
        pending.is_empty(),
        "the database lacks the migrations {}; `portcullis migrate` applies them",
        pending.join(", ")
    );
    Ok(store)
}

fn postgres_options(url: &str) -> anyhow::Result<PostgresOptions> {
    let url = PostgresUrl::parse(url).context("the URL names neither a file of SQLite nor PostgreSQL")?;
    Ok(PostgresOptions { connections: NonZeroUsize::MIN, patience: PATIENCE, ..PostgresOptions::new(url) })
}

/// Pages are large, and nobody waits for one.
const PATIENCE: Duration = Duration::from_mins(5);
