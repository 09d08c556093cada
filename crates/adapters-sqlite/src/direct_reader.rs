//! Reads that are done at once, on the thread that asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::SqliteConnection;

use crate::connection::{Access, ConnectionMaker, OwnConnection};
use crate::errors::Failure;

/// Connections for who asks for a few rows by their keys: while these are in memory, waking a thread that reads takes
/// longer than reading.
///
/// Whoever asks may be serving others, so a disk must not keep it waiting more than now and then: after a read that
/// took long it is left to the threads for a while.
pub(crate) struct DirectReader {
    state: Mutex<State>,
    rest: Rest,
}

/// For how long it is left to the threads.
///
/// Most reads that take long did not wait for the disk: the system gave the processor to somebody else. So one alone
/// costs little, while a slow disk has at most a certain share of the time of a thread that serves.
#[derive(Clone, Copy)]
pub(crate) struct Rest {
    /// So many times as long as the read took,
    times: u32,
    /// and no longer than that.
    longest: Duration,
}

impl Rest {
    pub(crate) const USUAL: Self = Self { times: 20, longest: Duration::from_secs(1) };
    /// More than it takes to read from memory, by far.
    const LONG_READ: Duration = Duration::from_millis(1);

    fn after(self, read: Duration) -> Option<Duration> {
        (read > Self::LONG_READ).then(|| read.saturating_mul(self.times).min(self.longest))
    }
}

struct State {
    idle: Vec<OwnConnection>,
    rests_until: Option<Instant>,
}

impl DirectReader {
    /// For at most so many at the same time.
    pub(crate) fn new(path: &str, connections: usize, rest: Rest) -> Self {
        // Nobody waits for a lock here.
        let maker = ConnectionMaker::new(path, Access::Read, Duration::ZERO);
        let idle = (0..connections).map(|_| maker.own()).collect();
        Self { state: Mutex::new(State { idle, rests_until: None }), rest }
    }

    /// Runs an operation; none where it is for the threads to run, because all connections are in use, or reading takes
    /// long, or something is in the way that may pass.
    pub(crate) fn run<T>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Option<Result<T, Failure>> {
        let started = Instant::now();
        let mut connection = self.take(started)?;
        let outcome = connection.get().map_err(Failure::from).and_then(|connection| {
            catch_unwind(AssertUnwindSafe(|| operation(connection))).unwrap_or(Err(Failure::Panicked))
        });
        // It may be in any state.
        if matches!(outcome, Err(Failure::Panicked)) {
            connection.close();
        }
        self.give_back(connection, started);
        (!outcome.as_ref().is_err_and(Failure::is_passing)).then_some(outcome)
    }

    fn take(&self, now: Instant) -> Option<OwnConnection> {
        let mut state = self.state();
        if state.rests_until.is_some_and(|end| now < end) {
            return None;
        }
        state.idle.pop()
    }

    fn give_back(&self, connection: OwnConnection, started: Instant) {
        let now = Instant::now();
        let rest = self.rest.after(now.duration_since(started));
        let mut state = self.state();
        state.idle.push(connection);
        if let Some(rest) = rest {
            state.rests_until = Some(now + rest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;
    use crate::test_store::{BUILT_IN, add_role, count_roles, fresh_store};

    const NONE: Rest = Rest { times: 0, longest: Duration::ZERO };
    const A_WHILE: Rest = Rest { times: u32::MAX, longest: Duration::from_hours(1) };

    /// Whether an operation is run. It asks nothing of the disk, so it is quick whatever else the machine does.
    fn is_there(reader: &DirectReader) -> bool {
        reader.run(|_| Ok(())).is_some_and(|outcome| outcome.is_ok())
    }

    async fn reader(rest: Rest) -> (DirectReader, tempfile::TempDir) {
        let (_store, folder) = fresh_store().await;
        let path = folder.path().join("portcullis.db");
        (DirectReader::new(path.to_str().unwrap(), 2, rest), folder)
    }

    #[tokio::test]
    async fn it_reads_and_never_writes() {
        let (reader, _folder) = reader(NONE).await;
        assert_eq!(reader.run(count_roles).unwrap().unwrap(), BUILT_IN);
        reader.run(add_role).unwrap().expect_err("it only reads");
        assert_eq!(reader.run(count_roles).unwrap().unwrap(), BUILT_IN);
    }

    #[test]
    fn a_rest_is_as_long_as_the_read_deserves() {
        let after = |micros| Rest::USUAL.after(Duration::from_micros(micros));
        assert_eq!(after(1_000), None);
        assert_eq!(after(1_500), Some(Duration::from_millis(30)));
        assert_eq!(after(60_000_000), Some(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn after_a_read_that_took_long_it_rests() {
        let (reader, _folder) = reader(A_WHILE).await;
        let slow = reader.run(|_| {
            sleep(2 * Rest::LONG_READ);
            Ok(())
        });
        slow.unwrap().unwrap();
        assert!(!is_there(&reader));
        reader.state().rests_until = Some(Instant::now());
        assert!(is_there(&reader), "the rest is over");
    }

    #[tokio::test]
    async fn who_finds_no_connection_is_sent_to_the_threads() {
        let (reader, _folder) = reader(NONE).await;
        let is_third_there = reader.run(|_| reader.run(|_| Ok(is_there(&reader))).expect("there are two"));
        assert!(!is_third_there.unwrap().unwrap());
        assert!(is_there(&reader), "they are given back");
    }

    #[tokio::test]
    async fn what_may_pass_is_for_the_threads_to_wait_for() {
        let (reader, _folder) = reader(NONE).await;
        assert!(reader.run(|_| Err::<(), _>(Failure::Crowded)).is_none());
    }

    #[tokio::test]
    async fn a_panic_costs_a_connection_and_nothing_else() {
        let (reader, _folder) = reader(NONE).await;
        let panicked = reader.run(|_| -> Result<(), Failure> { panic!("on purpose") });
        assert!(matches!(panicked, Some(Err(Failure::Panicked))));
        for _ in 0..3 {
            assert_eq!(reader.run(count_roles).unwrap().unwrap(), BUILT_IN);
        }
    }
}
