//! Opens the store, and sees to its schema.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use portcullis_adapters_postgres::{PostgresOptions, PostgresStore};
use portcullis_adapters_sqlite::{OpenError, SqliteOptions, SqliteStore};
use portcullis_domain::Timestamp;
use portcullis_domain::ports::{
    AuditTrail, InstallationArchive, LockoutRepository, MailQueue, RoleRepository, SessionRepository,
    SigningKeyRepository, StorageError, TokenRepository, UserAdministration, UserRepository,
};
use portcullis_telemetry::ConnectionUse;
use tokio::time::{Instant, sleep};

use crate::config::{Config, DatabaseUrl, Migrate};
use crate::data_dir;

/// Every storage port on one store, and the schema behind them.
#[async_trait]
pub(crate) trait Store:
    UserRepository
    + UserAdministration
    + RoleRepository
    + SessionRepository
    + TokenRepository
    + LockoutRepository
    + MailQueue
    + SigningKeyRepository
    + AuditTrail
    + InstallationArchive
{
    /// Applies the migrations that the schema lacks, and names them.
    async fn apply_migrations(&self) -> Result<Vec<String>, StorageError>;

    /// Names the migrations that the schema lacks.
    async fn lacking_migrations(&self) -> Result<Vec<String>, StorageError>;

    /// Names the migrations of a newer version that the schema has.
    async fn unknown_migrations(&self) -> Result<Vec<String>, StorageError>;

    /// What time it is where the store is; none where that is this machine.
    async fn server_time(&self) -> Result<Option<Timestamp>, StorageError>;

    /// How its connections are used at this moment.
    fn connections(&self) -> Vec<ConnectionUse>;
}

macro_rules! stores {
    ($($store:ty: $($pool:literal $status:ident),+; $server_time:ident;)+) => {$(
        #[async_trait]
        impl Store for $store {
            async fn apply_migrations(&self) -> Result<Vec<String>, StorageError> {
                self.migrate().await
            }

            async fn lacking_migrations(&self) -> Result<Vec<String>, StorageError> {
                self.pending_migrations().await
            }

            async fn unknown_migrations(&self) -> Result<Vec<String>, StorageError> {
                Self::unknown_migrations(self).await
            }

            async fn server_time(&self) -> Result<Option<Timestamp>, StorageError> {
                $server_time(self).await
            }

            fn connections(&self) -> Vec<ConnectionUse> {
                vec![$({
                    let status = Self::$status(self);
                    ConnectionUse {
                        pool: $pool,
                        in_use: status.size.saturating_sub(status.available),
                        idle: status.available,
                        max: status.max_size,
                        waiting: status.waiting,
                    }
                }),+]
            }
        }
    )+};
}

stores! {
    SqliteStore: "read" readers, "write" writer; no_server;
    PostgresStore: "all" connections; time_of_server;
}

fn no_server(_: &SqliteStore) -> Ready<Result<Option<Timestamp>, StorageError>> {
    ready(Ok(None))
}

async fn time_of_server(store: &PostgresStore) -> Result<Option<Timestamp>, StorageError> {
    store.server_time().await.map(Some)
}

/// Opens the store with its schema as the settings want it. Where an installation has to be there, its schema stays
/// as it is.
pub(crate) async fn open(config: &Config, purpose: Purpose) -> anyhow::Result<Arc<dyn Store>> {
    let store = open_as_it_is(config, purpose).await?;
    match config.migrate {
        Migrate::Auto if purpose.creates() => {
            migrate(store.as_ref(), config).await?;
        }
        Migrate::Auto | Migrate::Check => {
            refuse_stale_schema(store.as_ref(), config).await?;
        }
        Migrate::Off => {}
    }
    Ok(store)
}

/// Opens the store whatever its schema is.
pub(crate) async fn open_as_it_is(config: &Config, purpose: Purpose) -> anyhow::Result<Arc<dyn Store>> {
    if purpose.creates() {
        data_dir::create(&config.data_dir)?;
    } else {
        refuse_absence(config)?;
    }
    connect(config.database(), purpose, config).await
}

/// Refuses a place where no installation has begun: more likely than not it is the wrong one.
fn refuse_absence(config: &Config) -> anyhow::Result<()> {
    let embedded = match config.database() {
        DatabaseUrl::Sqlite(path) => Some(path),
        DatabaseUrl::Postgres(_) => None,
    };
    let data_dir = config.secret_key.is_none().then(|| config.data_dir.clone());
    for path in [embedded, data_dir].into_iter().flatten() {
        let exists = path.try_exists().with_context(|| format!("{} cannot be looked at", path.display()))?;
        let place = if config.database_url.is_some() { &path } else { &config.data_dir };
        ensure!(
            exists,
            "there is no installation in {}: PORTCULLIS_DATA_DIR and PORTCULLIS_DATABASE_URL say where one is, and \
             `portcullis serve`, `migrate`, `user create` and `user import` begin one",
            place.display()
        );
    }
    Ok(())
}

/// Opens the store that an installation is copied from, which is there and whose schema is that of this version.
pub(crate) async fn open_source(url: DatabaseUrl, config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let store = connect(url, Purpose::CopyFrom, config).await?;
    refuse_newer_schema(store.as_ref(), config).await?;
    refuse_stale_schema(store.as_ref(), config).await?;
    Ok(store)
}

/// Opens the store that an installation is copied to, with the schema of this version.
pub(crate) async fn open_target(url: DatabaseUrl, config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let store = connect(url, Purpose::CopyTo, config).await?;
    refuse_newer_schema(store.as_ref(), config).await?;
    migrate(store.as_ref(), config).await?;
    Ok(store)
}

/// Opens the store to look at it: it is neither made nor waited for, and its schema is left as it is.
pub(crate) async fn open_to_examine(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let impatient = Config { database_wait: Duration::ZERO, ..config.clone() };
    connect(impatient.database(), Purpose::Examination, &impatient).await
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To answer requests.
    Service,
    /// To do what an operator asked for first: where there is no installation, it begins.
    FirstCommand,
    /// To do what an operator asked for on an installation that is there.
    Command,
    /// To copy all of it.
    CopyFrom,
    /// To copy another one into it.
    CopyTo,
    /// To look at how it is.
    Examination,
}

impl Purpose {
    /// How much of an embedded database may be kept in memory for writing, in MiB, where that is more than usual.
    fn write_cache_mib(self) -> Option<u32> {
        match self {
            Self::Service | Self::Command | Self::CopyFrom | Self::Examination => None,
            // What is brought in has its place all over the indexes.
            Self::FirstCommand | Self::CopyTo => Some(256),
        }
    }

    /// How long an operation may take, where that is longer than usual.
    fn patience(self) -> Option<Duration> {
        match self {
            // Clients wait for an answer, and whoever examines a store wants to know what they would get.
            Self::Service | Self::Examination => None,
            // A page of an export takes its time on a busy machine, and an operator has some.
            Self::FirstCommand | Self::Command => Some(Duration::from_secs(30)),
            // To count a large table takes long.
            Self::CopyFrom | Self::CopyTo => Some(Duration::from_mins(5)),
        }
    }

    /// Whether an installation begins where there is none.
    fn creates(self) -> bool {
        matches!(self, Self::Service | Self::FirstCommand | Self::CopyTo)
    }
}

async fn connect(url: DatabaseUrl, purpose: Purpose, config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let connections = config.database_connections();
    match url {
        DatabaseUrl::Sqlite(path) => {
            let usual = SqliteOptions::new(path);
            let options = SqliteOptions {
                readers: connections,
                create: purpose.creates(),
                busy_timeout: purpose.patience().unwrap_or(usual.busy_timeout),
                write_cache_mib: purpose.write_cache_mib().unwrap_or(usual.write_cache_mib),
                ..usual
            };
            let may_pass = |error: &OpenError| matches!(error, OpenError::Unusable { .. });
            let attempt = async || SqliteStore::open(&options).await;
            Ok(Arc::new(patiently(config.database_wait, may_pass, attempt).await?))
        }
        DatabaseUrl::Postgres(url) => {
            let usual = PostgresOptions::new(url);
            let patience = purpose.patience().unwrap_or(usual.patience);
            let options = PostgresOptions { connections, patience, ..usual };
            let may_pass = portcullis_adapters_postgres::OpenError::is_passing;
            let attempt = async || PostgresStore::connect(&options).await;
            Ok(Arc::new(patiently(config.database_wait, may_pass, attempt).await?))
        }
    }
}

async fn refuse_stale_schema(store: &dyn Store, config: &Config) -> anyhow::Result<()> {
    let pending = pending_migrations(store, config).await?;
    ensure!(
        pending.is_empty(),
        "the database lacks the migrations {}; `portcullis migrate` applies them",
        pending.join(", ")
    );
    Ok(())
}

/// Refuses a schema that may hold what this version does not know.
async fn refuse_newer_schema(store: &dyn Store, config: &Config) -> anyhow::Result<()> {
    let asking = async || store.unknown_migrations().await;
    let unknown = patiently(config.database_wait, StorageError::is_unavailable, asking)
        .await
        .context("the version of the database schema cannot be found out")?;
    ensure!(
        unknown.is_empty(),
        "the database has the migrations {}, which this version does not know; take the version that applied them",
        unknown.join(", ")
    );
    Ok(())
}

/// Brings the schema up to date, and names the migrations that it lacked.
pub(crate) async fn migrate(store: &dyn Store, config: &Config) -> anyhow::Result<Vec<String>> {
    patiently(config.database_wait, StorageError::is_unavailable, async || store.apply_migrations().await)
        .await
        .context("the database schema cannot be brought up to date")
}

/// The migrations that the schema lacks.
pub(crate) async fn pending_migrations(store: &dyn Store, config: &Config) -> anyhow::Result<Vec<String>> {
    patiently(config.database_wait, StorageError::is_unavailable, async || store.lacking_migrations().await)
        .await
        .context("the version of the database schema cannot be found out")
}

/// Repeats `attempt` for as long as `patience` lasts and its failure may pass.
async fn patiently<T, E>(
    patience: Duration,
    may_pass: impl Fn(&E) -> bool,
    attempt: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    const PAUSE: Duration = Duration::from_millis(250);
    let end = Instant::now() + patience;
    loop {
        match attempt().await {
            Err(error) if may_pass(&error) && Instant::now() + PAUSE < end => sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// How long `patiently` takes over a store that answers at the attempt with this number.
    async fn time_until_answered(attempts: u32, may_pass: bool) -> (Result<(), ()>, Duration) {
        let (start, made) = (Instant::now(), Cell::new(0));
        let attempt = async || {
            made.set(made.get() + 1);
            if made.get() < attempts { Err(()) } else { Ok(()) }
        };
        let outcome = patiently(PATIENCE, |()| may_pass, attempt).await;
        (outcome, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_comes_back_is_waited_for() {
        let (outcome, time) = time_until_answered(5, true).await;
        assert!(outcome.is_ok() && time < PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let (outcome, time) = time_until_answered(u32::MAX, true).await;
        assert!(outcome.is_err() && time <= PATIENCE, "{time:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_waited_for() {
        assert_eq!(time_until_answered(2, false).await, (Err(()), Duration::ZERO));
    }
}
