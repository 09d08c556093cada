//! The store: how it is connected, and how an operation gets its connection.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Status as PoolStatus;
use diesel::sql_types::Timestamptz;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use portcullis_domain::Timestamp;
use portcullis_domain::ports::StorageError;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use crate::connection::{ConnectionPool, Connector, Lent, pool};
use crate::direct_reader::{Bounds, DirectConnections, DirectReader};
use crate::errors::{Failure, OpenError};
use crate::moment::Moment;
use crate::postgres_url::PostgresUrl;
use crate::statement::statement;

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Where it is.
    pub url: PostgresUrl,
    /// How many connections there are at most; eight unless set. A quarter of them are for reads by key, one for
    /// each single-threaded runtime that asks.
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
    direct_reader: Arc<DirectReader>,
    patience: Duration,
}

impl PostgresStore {
    /// Connects to the database, once, to see whether it can be.
    ///
    /// Connections live and operations run on the runtime that this is called on, which should be a
    /// multi-threaded one and outlive the store; what is read by key on a single-threaded one, there. The tables are
    /// there after [`migrate`](Self::migrate).
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
        let direct = connections.get() / 4;
        let direct_reader = DirectReader::new(Arc::clone(&connector), Bounds::usual(direct));
        let pool = pool(Arc::clone(&connector), connections.get() - direct);
        Ok(Self { connector, runtime, pool, direct_reader: Arc::new(direct_reader), patience })
    }

    /// How the connections are used at this moment.
    #[must_use]
    pub fn connections(&self) -> PoolStatus {
        let PoolStatus { max_size, size, available, waiting } = self.pool.status();
        let DirectConnections { most, open, in_use } = self.direct_reader.connections();
        PoolStatus {
            max_size: max_size + most,
            size: size + open,
            available: available + open - in_use,
            waiting,
        }
    }

    /// What time it is by the clock of the server.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn server_time(&self) -> Result<Timestamp, StorageError> {
        let asked = self.read((), |mut connection, ()| {
            async move {
                let time = statement("SELECT clock_timestamp()").returning_columns::<Timestamptz>();
                Ok(time.get_result::<Moment>(&mut connection).await?)
            }
            .boxed()
        });
        let Moment(time) = asked.await?;
        Ok(time)
    }

    /// Runs an operation that reads a few rows by their keys with one statement: on the thread that asks, if that is
    /// the whole of its runtime.
    pub(crate) async fn look_up<A, T>(
        &self,
        argument: A,
        operation: impl Operation<A, T>,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let deadline = self.deadline();
        match self.direct_reader.run(&argument, &operation).instrument(span()).await {
            Some(found) => Ok(found),
            None => Ok(self.run(argument, operation, is_worth_reading_again, deadline).await?),
        }
    }

    /// Runs an operation that changes nothing. It is repeated when the connection was lost.
    pub(crate) async fn read<A, T>(
        &self,
        argument: A,
        operation: impl Operation<A, T>,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        Ok(self.run(argument, operation, is_worth_reading_again, self.deadline()).await?)
    }

    /// Runs an operation that is one statement, or one transaction. It is repeated when the server rolled
    /// it back, and not when the connection was lost: it may have been done.
    pub(crate) async fn write<A, T>(
        &self,
        argument: A,
        operation: impl Operation<A, T>,
    ) -> Result<T, StorageError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        Ok(self.try_write(argument, operation).await?)
    }

    /// As [`write`](Self::write), for who tells failures apart.
    pub(crate) async fn try_write<A, T>(
        &self,
        argument: A,
        operation: impl Operation<A, T>,
    ) -> Result<T, Failure>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.run(argument, operation, Failure::is_conflict, self.deadline()).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Runs an operation to its end, whether or not the caller waits for it.
    async fn run<A, T>(
        &self,
        argument: A,
        operation: impl Operation<A, T>,
        is_worth_repeating: fn(&Failure) -> bool,
        deadline: Instant,
    ) -> Result<T, Failure>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        const ATTEMPTS: u32 = 4;
        let pool = self.pool.clone();
        let operation = async move {
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
        };
        let outcome = self.runtime.spawn(operation.instrument(span()));
        outcome.await.unwrap_or_else(|interruption| Err(interruption.into()))
    }
}

/// What is done over a connection with an argument, as often as it takes.
pub(crate) trait Operation<A, T>:
    for<'a> Fn(&'a AsyncPgConnection, &'a A) -> BoxFuture<'a, Result<T, Failure>> + Send + Sync + 'static
{
}

impl<A, T, F> Operation<A, T> for F where
    F: for<'a> Fn(&'a AsyncPgConnection, &'a A) -> BoxFuture<'a, Result<T, Failure>> + Send + Sync + 'static
{
}

fn is_worth_reading_again(failure: &Failure) -> bool {
    failure.is_conflict() || failure.is_connection_lost()
}

fn span() -> Span {
    tracing::debug_span!("postgresql", otel.kind = "client", db.system.name = "postgresql")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use diesel::sql_types as sql;
    use diesel_async::SimpleAsyncConnection as _;
    use portcullis_throwaway_postgres::{Database, Template};
    use tokio::runtime;
    use tokio::sync::Notify;

    use super::*;
    use crate::transaction::locked;

    /// Far more than anything takes on a busy machine.
    const LONG: Duration = Duration::from_secs(20);

    fn options(database: &Database) -> PostgresOptions {
        let url = PostgresUrl::parse(&database.url()).unwrap();
        // One connection: what an operation leaves behind, the next one finds.
        PostgresOptions { connections: NonZeroUsize::MIN, ..PostgresOptions::new(url) }
    }

    async fn fresh_store() -> (PostgresStore, Database) {
        let database = Template::empty_database().await;
        let store = PostgresStore::connect(&options(&database)).await.unwrap();
        store.migrate().await.unwrap();
        (store, database)
    }

    async fn patient_store() -> (PostgresStore, Database) {
        let (_, database) = fresh_store().await;
        let options = PostgresOptions { patience: LONG, ..options(&database) };
        (PostgresStore::connect(&options).await.unwrap(), database)
    }

    async fn run(mut connection: &AsyncPgConnection, text: &str) -> Result<(), Failure> {
        Ok(connection.batch_execute(text).await?)
    }

    async fn count_roles(mut connection: &AsyncPgConnection) -> Result<i64, Failure> {
        let count = statement("SELECT count(*) FROM roles").returning_columns::<sql::BigInt>();
        Ok(count.get_result(&mut connection).await?)
    }

    async fn roles(store: &PostgresStore) -> i64 {
        store.read((), |connection, ()| count_roles(connection).boxed()).await.unwrap()
    }

    const ADD_ROLE: &str =
        "INSERT INTO roles VALUES (gen_random_uuid(), gen_random_uuid()::text, NULL, FALSE)";

    async fn process(store: &PostgresStore) -> i32 {
        let id = store.read((), |mut connection, ()| {
            async move {
                let id = statement("SELECT pg_backend_pid()").returning_columns::<sql::Integer>();
                Ok(id.get_result(&mut connection).await?)
            }
            .boxed()
        });
        id.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_connection_has_its_settings() {
        let (store, _database) = fresh_store().await;
        for (name, value) in [
            ("statement_timeout", "1425ms"),
            ("lock_timeout", "1187ms"),
            ("idle_in_transaction_session_timeout", "3800ms"),
            ("default_transaction_isolation", "read committed"),
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
        ] {
            let setting = store.read(name, |mut connection, name| {
                async move {
                    let setting = statement("SELECT current_setting($1)").bind::<sql::Text, _>(*name);
                    let setting = setting.returning_columns::<sql::Text>();
                    Ok::<String, _>(setting.get_result(&mut connection).await?)
                }
                .boxed()
            });
            assert_eq!(setting.await.unwrap(), value, "{name}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transaction_that_fails_leaves_nothing() {
        let (store, _database) = fresh_store().await;
        let before = process(&store).await;
        // The second time all of it is prepared, and sent before the first answer.
        for _ in 0..2 {
            let failing = store.write((), |connection, ()| {
                async move {
                    let lock = async { statement(ADD_ROLE).execute(&mut &*connection).await };
                    let work = async {
                        let fail = statement("SELECT 1 / (SELECT 0)").returning_columns::<sql::Integer>();
                        Ok(fail.get_result::<i32>(&mut &*connection).await?)
                    };
                    locked(connection, lock, work).await
                }
                .boxed()
            });
            let error = failing.await.expect_err("nothing can be divided by zero");
            assert!(!error.is_unavailable(), "{error:?}");
        }
        assert_eq!(roles(&store).await, 2);
        assert_eq!(process(&store).await, before, "its connection is as good as before");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transaction_that_panics_harms_nobody_else() {
        let (store, _database) = fresh_store().await;
        let panicking = store.write((), |connection, ()| {
            async move {
                run(connection, "BEGIN").await?;
                run(connection, ADD_ROLE).await?;
                panic!("on purpose") as Result<(), Failure>
            }
            .boxed()
        });
        let error = panicking.await.expect_err("the panic is told");
        assert!(!error.is_unavailable(), "it is a defect, which no retry cures");
        assert_eq!(roles(&store).await, 2, "nobody finds its transaction open");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_takes_too_long_is_given_up_by_the_server_and_else_by_the_store() {
        let give_up = async |store: &PostgresStore, text: &'static str| {
            let began = Instant::now();
            let error = store.write(text, |connection, text| run(connection, text).boxed()).await;
            assert!(error.expect_err("it takes too long").is_unavailable());
            assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
        };
        let (store, _database) = patient_store().await;
        let before = process(&store).await;
        give_up(&store, "SET statement_timeout = 100; SELECT pg_sleep(60)").await;
        assert_eq!(process(&store).await, before, "who gives up first is the server, and goes on");

        let (store, _database) = fresh_store().await;
        let before = process(&store).await;
        give_up(&store, "SET statement_timeout = 0; SELECT pg_sleep(60)").await;
        assert_ne!(process(&store).await, before, "a connection that is busy is not used again");
    }

    #[test]
    fn a_caller_on_a_single_thread_can_go_away_in_the_middle() {
        let main = runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (store, _database) = main.block_on(patient_store());
        let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));

        let (abandoned, gates) = (store.clone(), (Arc::clone(&begun), Arc::clone(&release)));
        let worker = std::thread::spawn(move || {
            let worker = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            worker.block_on(async {
                let slow = abandoned.write(gates, |connection, (begun, release)| {
                    async move {
                        begun.notify_one();
                        release.notified().await;
                        run(connection, ADD_ROLE).await
                    }
                    .boxed()
                });
                tokio::select! {
                    _ = slow => panic!("it is not released"),
                    () = begun.notified() => {}
                }
            });
        });
        worker.join().expect("going away does not panic");

        release.notify_one();
        let seen = main.block_on(roles(&store));
        assert_eq!(seen, 3, "what was begun is finished, and its connection serves the next");
        main.block_on(async { drop(store) });
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_row_that_makes_no_sense_is_a_defect() {
        use portcullis_domain::ports::UserRepository as _;
        let (store, database) = fresh_store().await;
        let broken = "INSERT INTO users
                      (id, email, email_canonical, email_verified, is_active, locale, created_at)
                      VALUES (gen_random_uuid(), 'no address', 'no address', FALSE, TRUE, 'en', now())
                      RETURNING id";
        let id: uuid::Uuid = database.run(broken).await[0].parse().unwrap();
        let found = store.find_by_id(id.into()).await;
        assert!(!found.expect_err("no user has no address").is_unavailable());
    }
}
