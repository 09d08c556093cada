//! Stores, opened beside the service to be filled or looked into.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::ports::InstallationArchive;

/// A store that was opened, and how many can write to it at the same time.
pub(crate) struct OpenStore {
    pub(crate) archive: Arc<dyn InstallationArchive>,
    pub(crate) writers: NonZeroUsize,
}

/// Opens the store that a URL names, whose schema must be the newest.
pub(crate) async fn open(url: &str) -> anyhow::Result<OpenStore> {
    let (store, pending) = if let Some(path) = url.strip_prefix("sqlite://") {
        let options = SqliteOptions { create: false, busy_timeout: PATIENCE, ..SqliteOptions::new(path) };
        let store = SqliteStore::open(&options).await?;
        let pending = store.pending_migrations().await?;
        (OpenStore { archive: Arc::new(store), writers: NonZeroUsize::MIN }, pending)
    } else {
        let store = PostgresStore::connect(&postgres_options(url)?).await?;
        let pending = store.pending_migrations().await?;
        (OpenStore { archive: Arc::new(store), writers: POSTGRES_WRITERS }, pending)
    };
    ensure!(
        pending.is_empty(),
        "the database lacks the migrations {}; `portcullis migrate` applies them",
        pending.join(", ")
    );
    Ok(store)
}

const POSTGRES_WRITERS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

fn postgres_options(url: &str) -> anyhow::Result<PostgresOptions> {
    let url = PostgresUrl::parse(url).context("the URL names neither a file of SQLite nor PostgreSQL")?;
    Ok(PostgresOptions { connections: POSTGRES_WRITERS, patience: PATIENCE, ..PostgresOptions::new(url) })
}

/// Pages are large, and nobody waits for one.
const PATIENCE: Duration = Duration::from_mins(5);
