//! Reads that are done on the thread that asks.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::connection::{Connector, LONGEST_LIFE};
use crate::errors::OpenError;
use crate::store::Operation;

/// A connection for each single-threaded runtime, such as a worker of actix-web has: to hand a request over to another
/// runtime, and its answer back, takes longer than what is done for it there.
///
/// Those who ask at the same time share the connection, and the server answers them in turn. So it is for statements that
/// take no time; when one does, or fails, the pool has all reads for a while.
pub(crate) struct DirectReader {
    connector: Arc<Connector>,
    lines: Arc<Lines>,
    bounds: Bounds,
}

/// How far a [`DirectReader`] goes.
pub(crate) struct Bounds {
    /// It is for the first so many runtimes that ask.
    most: usize,
    /// What takes longer is for the pool.
    long: Duration,
    /// How long all of it is, then.
    rest: Duration,
}

impl Bounds {
    pub(crate) fn usual(most: usize) -> Self {
        // More than a server takes that is not stuck.
        let long = Duration::from_millis(250);
        Self { most, long, rest: Duration::from_secs(1) }
    }
}

type Lines = Mutex<Vec<Line>>;

/// A runtime's connection.
struct Line {
    runtime: Id,
    /// None while it is made, and while it rests.
    connection: Option<Arc<AsyncPgConnection>>,
    /// Wakes the task that [keeps](keep) it; when this is dropped, the connection is to be closed.
    keeper: Option<oneshot::Sender<Spoilt>>,
}

struct Spoilt;

/// How the connections of a [`DirectReader`] are used at a moment.
pub(crate) struct DirectConnections {
    pub(crate) most: usize,
    pub(crate) open: usize,
    pub(crate) in_use: usize,
}

impl DirectReader {
    pub(crate) fn new(connector: Arc<Connector>, bounds: Bounds) -> Self {
        Self { connector, lines: Arc::default(), bounds }
    }

    pub(crate) fn connections(&self) -> DirectConnections {
        let lines = lock(&self.lines);
        let open = lines.iter().filter_map(|line| line.connection.as_ref());
        DirectConnections {
            most: self.bounds.most,
            open: open.clone().count(),
            in_use: open.filter(|connection| Arc::strong_count(connection) > 1).count(),
        }
    }

    /// Runs an operation that reads; none where it is for the pool to run, because no connection is here, or it did
    /// not answer as it should.
    pub(crate) async fn run<A, T>(&self, argument: &A, operation: &impl Operation<A, T>) -> Option<T> {
        let connection = self.connection()?;
        let operation = AssertUnwindSafe(operation(&connection, argument)).catch_unwind();
        if let Ok(Ok(Ok(found))) = timeout(self.bounds.long, operation).await {
            return Some(found);
        }
        self.spoil(&connection);
        None
    }

    /// The connection of the runtime that this is called on. Where there could be one, it is made, for later.
    fn connection(&self) -> Option<Arc<AsyncPgConnection>> {
        let runtime = Handle::try_current().ok()?;
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        let id = runtime.id();
        let mut lines = lock(&self.lines);
        if let Some(line) = lines.iter().find(|line| line.runtime == id) {
            return line.connection.clone();
        }
        if lines.len() < self.bounds.most {
            let (keeper, spoilt) = oneshot::channel();
            lines.push(Line { runtime: id, connection: None, keeper: Some(keeper) });
            // A runtime that is about to end drops the task here and now.
            drop(lines);
            let kept = Kept { runtime: id, lines: Arc::downgrade(&self.lines) };
            runtime.spawn(keep(kept, Arc::clone(&self.connector), spoilt, self.bounds.rest));
        }
        None
    }

    fn spoil(&self, connection: &Arc<AsyncPgConnection>) {
        let is_it =
            |line: &&mut Line| line.connection.as_ref().is_some_and(|own| Arc::ptr_eq(own, connection));
        if let Some(line) = lock(&self.lines).iter_mut().find(is_it) {
            line.connection = None;
            // Unless it is at its end anyway.
            line.keeper.take().map(|keeper| keeper.send(Spoilt));
        }
    }
}

/// A line, for as long as somebody keeps it: it goes with its runtime.
struct Kept {
    runtime: Id,
    lines: Weak<Lines>,
}

impl Kept {
    fn open(&self, connection: AsyncPgConnection) {
        let connection = Some(Arc::new(connection));
        if let Some(lines) = self.lines.upgrade()
            && let Some(line) = lock(&lines).iter_mut().find(|line| line.runtime == self.runtime)
        {
            line.connection = connection;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.upgrade() {
            lock(&lines).retain(|line| line.runtime != self.runtime);
        }
    }
}

/// Makes a line its connection, and keeps it until it is old, is spoilt and has rested, or nobody is left to ask.
async fn keep(line: Kept, connector: Arc<Connector>, spoilt: oneshot::Receiver<Spoilt>, rest: Duration) {
    let age = async {
        line.open(connector.connect().await?);
        sleep(LONGEST_LIFE).await;
        Ok::<_, OpenError>(())
    };
    match select(pin!(age), spoilt).await {
        Either::Left((Ok(()), _)) | Either::Right((Err(_), _)) => {}
        Either::Left((Err(error), _)) => {
            tracing::debug!(error = &error as &dyn Error, "no connection for reads");
            sleep(rest).await;
        }
        Either::Right((Ok(Spoilt), _)) => sleep(rest).await,
    }
}

fn lock(lines: &Lines) -> MutexGuard<'_, Vec<Line>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use diesel::sql_types as sql;
    use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
    use portcullis_throwaway_postgres::{Database, Template};
    use tokio::runtime::{Builder, Runtime};
    use tokio::time::Instant;

    use super::*;
    use crate::postgres_url::PostgresUrl;
    use crate::statement::statement;

    const A_WHILE: Duration = Duration::from_hours(1);

    /// A runtime like that of a thread that serves.
    fn worker() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn reader(database: &Database, bounds: Bounds) -> DirectReader {
        let url = PostgresUrl::parse(&database.url()).unwrap();
        let connector = Connector::new(&url, A_WHILE).unwrap();
        DirectReader::new(Arc::new(connector), bounds)
    }

    /// Neither does anything take long, nor is there an end to a rest.
    fn for_runtimes(most: usize) -> Bounds {
        Bounds { most, long: A_WHILE, rest: A_WHILE }
    }

    /// The server's process that answers here, if one does.
    async fn process(reader: &DirectReader) -> Option<i32> {
        let asked = reader.run(&(), &|mut connection, ()| {
            async move {
                let process = statement("SELECT pg_backend_pid()").returning_columns::<sql::Integer>();
                Ok(process.get_result::<i32>(&mut connection).await?)
            }
            .boxed()
        });
        asked.await
    }

    /// The same, once there is a connection.
    async fn process_in_time(reader: &DirectReader) -> i32 {
        let asked = Instant::now();
        loop {
            if let Some(process) = process(reader).await {
                return process;
            }
            assert!(asked.elapsed() < Duration::from_secs(20), "no connection is made");
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn run(reader: &DirectReader, text: &'static str) -> Option<()> {
        reader
            .run(&(), &move |mut connection, ()| {
                async move { Ok(connection.batch_execute(text).await?) }.boxed()
            })
            .await
    }

    #[test]
    fn each_thread_that_serves_has_a_connection_of_its_own() {
        let main = Runtime::new().unwrap();
        let database = main.block_on(Template::empty_database());
        let reader = reader(&database, for_runtimes(2));
        let workers = [worker(), worker(), worker()];
        let [first, second, third] = &workers;

        let served = first.block_on(process_in_time(&reader));
        assert_eq!(first.block_on(process(&reader)), Some(served));
        assert_ne!(second.block_on(process_in_time(&reader)), served);
        assert_eq!(third.block_on(process(&reader)), None, "there are two");
        assert_eq!(main.block_on(process(&reader)), None, "its tasks wander between threads");
        let DirectConnections { most: 2, open: 2, in_use: 0 } = reader.connections() else {
            panic!("two are idle")
        };
        for runtime in workers {
            runtime.shutdown_background();
        }
        main.block_on(async { drop(database) });
    }

    #[test]
    fn a_runtime_that_ends_makes_room_for_another() {
        let main = Runtime::new().unwrap();
        let database = main.block_on(Template::empty_database());
        let reader = reader(&database, for_runtimes(1));
        for _ in 0..3 {
            worker().block_on(process_in_time(&reader));
            assert!(lock(&reader.lines).is_empty());
        }
        main.block_on(async { drop(database) });
    }

    #[tokio::test]
    async fn who_asks_at_the_same_time_shares_the_connection() {
        let database = Template::empty_database().await;
        let reader = reader(&database, for_runtimes(1));
        let served = Some(process_in_time(&reader).await);
        let (slow, quick, last) =
            tokio::join!(run(&reader, "SELECT pg_sleep(0.02)"), process(&reader), process(&reader));
        assert_eq!((slow, quick, last), (Some(()), served, served));
    }

    #[tokio::test]
    async fn a_read_that_takes_long_is_for_the_pool_and_so_are_those_that_follow() {
        let database = Template::empty_database().await;
        let reader = reader(&database, Bounds { long: Duration::from_secs(2), ..for_runtimes(1) });
        process_in_time(&reader).await;
        assert_eq!(run(&reader, "SELECT pg_sleep(60)").await, None);
        assert_eq!(process(&reader).await, None);
        assert_eq!(reader.connections().open, 0);
    }

    #[tokio::test]
    async fn a_connection_that_was_lost_is_made_again_after_a_rest() {
        let database = Template::empty_database().await;
        let reader = reader(&database, Bounds { rest: Duration::from_millis(10), ..for_runtimes(1) });
        let before = process_in_time(&reader).await;
        assert_eq!(run(&reader, "SELECT pg_terminate_backend(pg_backend_pid())").await, None);
        assert_ne!(process_in_time(&reader).await, before);
    }

    #[tokio::test]
    async fn what_fails_or_panics_is_told_by_the_pool() {
        let database = Template::empty_database().await;
        let reader = reader(&database, Bounds { rest: Duration::ZERO, ..for_runtimes(1) });
        process_in_time(&reader).await;
        assert_eq!(run(&reader, "SELECT 1 / 0").await, None);
        process_in_time(&reader).await;
        let panicking: Option<()> = reader.run(&(), &|_, ()| async { panic!("on purpose") }.boxed()).await;
        assert_eq!(panicking, None);
        process_in_time(&reader).await;
    }

    #[tokio::test]
    async fn who_goes_away_in_the_middle_harms_nobody() {
        let database = Template::empty_database().await;
        let reader = reader(&database, for_runtimes(1));
        let served = process_in_time(&reader).await;
        let abandoned = timeout(Duration::from_millis(5), run(&reader, "SELECT pg_sleep(0.05)"));
        abandoned.await.expect_err("nobody waits for it");
        assert_eq!(process(&reader).await, Some(served));
    }

    #[tokio::test]
    async fn without_a_reader_there_is_no_connection() {
        let database = Template::empty_database().await;
        let reader = reader(&database, for_runtimes(1));
        let process = process_in_time(&reader).await;
        drop(reader);
        let asked = Instant::now();
        let alive = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {process}");
        while database.run(&alive).await[0] != "0" {
            assert!(asked.elapsed() < Duration::from_secs(20), "it stays open");
            sleep(Duration::from_millis(5)).await;
        }
    }
}
