//! The store: how it is connected, and how an operation gets its connection.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use portcullis_domain::ports::StorageError;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::connection::{ConnectionPool, Connector, Lent, pool};
use crate::errors::{Failure, OpenError};
use crate::postgres_url::PostgresUrl;

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Where it is.
    pub url: PostgresUrl,
    /// How many connections there are at most; eight unless set.
    pub connections: NonZeroUsize,
    /// How long an operation may take, with its wait for a connection, for locks and for the server;
    /// 1.9 seconds unless set. The server is asked to give up earlier: after five eighths of it for a lock
    /// and three quarters for a statement.
    pub patience: Duration,
}

impl PostgresOptions {
    /// The usual options for this database.
    #[must_use]
    pub fn new(url: PostgresUrl) -> Self {
        const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");
        Self { url, connections: CONNECTIONS, patience: Duration::from_millis(1_900) }
    }
}

/// All storage ports on PostgreSQL. Clones share their connections.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) connector: Arc<Connector>,
    pub(crate) runtime: Handle,
    pool: ConnectionPool,
    patience: Duration,
}

impl PostgresStore {
    /// Connects to the database, once, to see whether it can be.
    ///
    /// Connections live and operations run on the runtime that this is called on, which should be a
    /// multi-threaded one and outlive the store. The tables are there after [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`OpenError`] says why the database cannot be used, and whether to try again.
    pub async fn connect(options: &PostgresOptions) -> Result<Self, OpenError> {
        let PostgresOptions { url, connections, patience } = options.clone();
        let runtime = Handle::current();
        // It may read files.
        let connector = runtime.spawn_blocking(move || Connector::new(&url, patience)).await??;
        connector.connect().await?;
        let connector = Arc::new(connector);
        let pool = pool(Arc::clone(&connector), connections.get());
        Ok(Self { connector, runtime, pool, patience })
    }

    /// Runs an operation that changes nothing. It is repeated when the connection was lost.
    pub(crate) async fn read<A, T, Operation>(
        &self,
        argument: A,
        operation: Operation,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Operation: for<'a> Fn(&'a AsyncPgConnection, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
        Operation: Send + Sync + 'static,
    {
        let is_worth_repeating = |failure: &Failure| failure.is_conflict() || failure.is_connection_lost();
        self.run(argument, operation, is_worth_repeating).await
    }

    /// Runs an operation that is one statement, or one transaction. It is repeated when the server rolled
    /// it back, and not when the connection was lost: it may have been done.
    pub(crate) async fn write<A, T, Operation>(
        &self,
        argument: A,
        operation: Operation,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Operation: for<'a> Fn(&'a AsyncPgConnection, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
        Operation: Send + Sync + 'static,
    {
        self.run(argument, operation, Failure::is_conflict).await
    }

    /// Runs an operation to its end, whether or not the caller waits for it, within the patience that
    /// there is.
    async fn run<A, T, Operation>(
        &self,
        argument: A,
        operation: Operation,
        is_worth_repeating: fn(&Failure) -> bool,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Operation: for<'a> Fn(&'a AsyncPgConnection, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
        Operation: Send + Sync + 'static,
    {
        const ATTEMPTS: u32 = 4;
        let (pool, deadline) = (self.pool.clone(), Instant::now() + self.patience);
        let outcome = self.runtime.spawn(async move {
            let mut attempt = 1;
            loop {
                let attempted = timeout_at(deadline, async {
                    let connection = Lent::new(pool.get().await?);
                    let outcome = operation(&connection, &argument).await;
                    if !outcome.as_ref().is_err_and(Failure::spoils_connection) {
                        connection.give_back();
                    }
                    outcome
                });
                match attempted.await.unwrap_or(Err(Failure::TimedOut)) {
                    Err(failure) if attempt < ATTEMPTS && is_worth_repeating(&failure) => attempt += 1,
                    outcome => return outcome,
                }
            }
        });
        Ok(outcome.await.unwrap_or_else(|interruption| Err(interruption.into()))?)
    }
}
