//! What the thread that writes does: what waits together is committed together, with one sync to the disk.
//!
//! A batch is what has come while the one before it was on its way to the disk: who is alone waits for
//! nobody. Each operation of a batch has a savepoint. One that fails is taken back to it, and the others
//! notice nothing. They run one after the other, so each sees what those before it did, as it would if
//! they had been committed. Nobody is answered before that is true: if they cannot be committed, not even
//! those that changed nothing are told what they saw.

use std::iter;
use std::sync::Arc;

use diesel::SqliteConnection;
use diesel::connection::{AnsiTransactionManager as Manager, TransactionManager as _};

use crate::connection::{LogLimit, OwnConnection};
use crate::errors::Failure;
use crate::operation::Operation;
use crate::queue::Queue;

/// An operation that changes something.
pub(crate) struct Write {
    pub(crate) operation: Box<dyn Operation>,
    pub(crate) scope: Scope,
}

/// What is committed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The operation, and others that wait beside it.
    Shared,
    /// The operation alone, because it takes long enough to keep others waiting.
    Own,
    /// The operation alone, because it changes thousands of rows.
    Bulk,
}

/// So many operations are committed together at most: the first of them waits for the last.
const LARGEST_BATCH: usize = 64;

/// Commits one batch after the other.
pub(crate) fn serve(queue: &Queue<Write>, mut connection: OwnConnection) {
    while let Some(first) = queue.take() {
        let scope = first.scope;
        let others = iter::from_fn(|| queue.take_if(|next| next.scope == scope));
        let others = others.take(if scope == Scope::Shared { LARGEST_BATCH - 1 } else { 0 });
        let mut batch: Vec<_> = iter::once(first).chain(others).map(|write| write.operation).collect();

        let fate = match connection.get() {
            Ok(connection) => commit(connection, scope, &mut batch),
            Err(error) => Err(error.into()),
        };
        if batch.iter().any(|operation| operation.has_panicked()) {
            connection.close();
        }
        let fate = fate.map_err(Arc::new);
        for operation in batch {
            operation.answer(fate.clone().map_err(Failure::Shared));
        }
    }
}

fn commit(
    connection: &mut SqliteConnection,
    scope: Scope,
    batch: &mut [Box<dyn Operation>],
) -> Result<(), Failure> {
    if scope == Scope::Bulk {
        LogLimit::Bulk.set(connection)?;
        let fate = transaction(connection, batch);
        LogLimit::Usual.set(connection)?;
        fate
    } else {
        transaction(connection, batch)
    }
}

/// Runs operations as one transaction. Whatever comes of each: if this fails, none of them has happened.
fn transaction(connection: &mut SqliteConnection, batch: &mut [Box<dyn Operation>]) -> Result<(), Failure> {
    Manager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
    let ran = match batch {
        // What is to be taken back is all that the transaction did.
        [only] => Ok(only.run(connection)),
        several => each_from_a_savepoint(connection, several).map(|()| true),
    };
    if matches!(ran, Ok(true)) {
        Manager::commit_transaction(connection)?;
    } else {
        // It fails where SQLite has rolled back by itself, because the disk is full or broken, and that must
        // not hide why. A connection that is still inside a transaction is not used again.
        let _ = Manager::rollback_transaction(connection);
    }
    ran.map(drop)
}

/// Runs operations one after the other, and takes back what those did that failed.
///
/// Where SQLite has rolled back the whole transaction by itself there is no savepoint left, neither to take
/// back to nor to release. So a transaction that goes on holds all of what it should.
fn each_from_a_savepoint(
    connection: &mut SqliteConnection,
    operations: &mut [Box<dyn Operation>],
) -> Result<(), Failure> {
    operations.iter_mut().try_for_each(|operation| {
        Manager::begin_transaction(connection)?;
        let ended = if operation.run(connection) {
            Manager::commit_transaction(connection)
        } else {
            Manager::rollback_transaction(connection)
        };
        ended.map_err(Failure::Undone)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
    use portcullis_domain::ports::StorageError;
    use tokio::task::{JoinHandle, JoinSet};

    use super::*;
    use crate::store::SqliteStore;
    use crate::test_store::{
        BUILT_IN, Holding, add_role, add_role_with_name_of, count_roles, empty_disk, eventually, fill_disk,
        fresh_store,
    };

    type Step = Box<dyn FnOnce(&mut SqliteConnection) -> Result<i64, Failure> + Send>;

    /// Adds a role, and says how many there are then.
    fn adding() -> Step {
        Box::new(|connection| {
            add_role(connection)?;
            count_roles(connection)
        })
    }

    fn failing() -> Step {
        Box::new(|connection| {
            add_role(connection)?;
            Err(Failure::Interrupted)
        })
    }

    /// Adds a row that names a user who is not there, which shows when it is committed.
    fn impossible_to_commit() -> Step {
        Box::new(|connection| {
            connection.batch_execute(
                "PRAGMA defer_foreign_keys = ON; INSERT INTO user_roles SELECT randomblob(16), id FROM roles",
            )?;
            Ok(0)
        })
    }

    /// Lets operations wait for the writer, one after the other.
    async fn line_up(
        store: &SqliteStore,
        steps: impl IntoIterator<Item = Step>,
    ) -> Vec<JoinHandle<Result<i64, StorageError>>> {
        let mut lined_up = Vec::new();
        for step in steps {
            let store_ = store.clone();
            lined_up.push(tokio::spawn(async move { store_.write(step).await }));
            eventually("it waits", || store.writer().waiting >= lined_up.len()).await;
        }
        lined_up
    }

    /// What comes of operations that make up a batch.
    async fn together(
        store: &SqliteStore,
        steps: impl IntoIterator<Item = Step>,
    ) -> Vec<Result<i64, StorageError>> {
        let holding = Holding::begin(store).await;
        let lined_up = line_up(store, steps).await;
        holding.end().await;
        let mut outcomes = Vec::new();
        for step in lined_up {
            outcomes.push(step.await.unwrap());
        }
        outcomes
    }

    /// Counts what is committed from now on.
    async fn counting_commits(store: &SqliteStore) -> Arc<AtomicUsize> {
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&commits);
        let watched = store.write(move |connection| {
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if matches!(event, InstrumentationEvent::CommitTransaction { depth, .. } if depth.get() == 1)
                {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
            Ok(())
        });
        watched.await.unwrap();
        commits.store(0, Ordering::Relaxed);
        commits
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_waits_together_is_committed_once() {
        let (store, _folder) = fresh_store().await;
        let commits = counting_commits(&store).await;
        let outcomes = together(&store, (0..LARGEST_BATCH).map(|_| adding())).await;
        assert_eq!(commits.load(Ordering::Relaxed), 2, "one for who held them up, and one for all of them");
        let seen: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        let expected: Vec<_> = (BUILT_IN + 1..).take(LARGEST_BATCH).collect();
        assert_eq!(seen, expected, "each sees what those before it did");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_batch_has_an_end() {
        let (store, _folder) = fresh_store().await;
        let commits = counting_commits(&store).await;
        together(&store, (0..=LARGEST_BATCH).map(|_| adding())).await;
        assert_eq!(commits.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_who_write_need_fewer_commits_than_writes() {
        const WRITERS: usize = 16;
        const EACH: usize = 25;
        let (store, _folder) = fresh_store().await;
        let commits = counting_commits(&store).await;
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let store = store.clone();
            writers.spawn(async move {
                for _ in 0..EACH {
                    store.write(add_role).await.unwrap();
                }
            });
        }
        writers.join_all().await;
        let commits = commits.load(Ordering::Relaxed);
        assert!(commits < WRITERS * EACH, "{commits}");
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN + 400);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_fails_leaves_the_others_alone() {
        let (store, _folder) = fresh_store().await;
        let panicking: Step = Box::new(|connection| {
            add_role(connection)?;
            panic!("on purpose");
        });
        let steps = [failing(), adding(), failing(), panicking, adding()];
        let [first, second, third, fourth, fifth] = together(&store, steps).await.try_into().unwrap();
        assert!(first.is_err() && third.is_err() && fourth.is_err());
        assert_eq!((second.unwrap(), fifth.unwrap()), (BUILT_IN + 1, BUILT_IN + 2));
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN + 2);
        store.write(add_role).await.expect("the store goes on");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_committed_is_told_to_all() {
        let (store, _folder) = fresh_store().await;
        let looking: Step = Box::new(count_roles);
        for outcome in together(&store, [adding(), impossible_to_commit(), looking, adding()]).await {
            outcome.expect_err("it did not happen");
        }
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN);
        store.write(add_role).await.expect("the store goes on");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn where_sqlite_rolls_back_by_itself_nobody_is_told_of_success() {
        let (store, _folder) = fresh_store().await;
        fill_disk(&store).await;
        let large: Step = Box::new(|connection| {
            add_role_with_name_of(connection, 100_000)?;
            Ok(0)
        });
        for outcome in together(&store, [adding(), large, adding()]).await {
            let error = outcome.expect_err("it is undone");
            assert!(error.is_unavailable(), "it may succeed when there is space: {error:?}");
        }
        empty_disk(&store).await;
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN);
        store.write(add_role).await.expect("the store goes on");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_is_answered_before_it_is_committed() {
        let (store, _folder) = fresh_store().await;
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let last: Step = Box::new(move |_| {
            begun.send(()).unwrap();
            may_go_on.recv_timeout(Duration::from_secs(10)).unwrap();
            Ok(0)
        });
        let holding = Holding::begin(&store).await;
        let mut lined_up = line_up(&store, [adding(), failing(), last]).await;
        holding.end().await;
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();

        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(
            lined_up.iter().all(|step| !step.is_finished()),
            "the first two ran, and wait for the commit"
        );
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN, "of which nothing can be seen");
        go_on.send(()).unwrap();
        assert_eq!(lined_up.remove(0).await.unwrap().unwrap(), BUILT_IN + 1);
        assert_eq!(store.read(count_roles).await.unwrap(), BUILT_IN + 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_takes_long_keeps_nobody_from_being_answered() {
        let (store, _folder) = fresh_store().await;
        let commits = counting_commits(&store).await;
        let holding = Holding::begin(&store).await;
        let before = line_up(&store, [adding(), adding()]).await;
        let sweeping = store.clone();
        let alone = tokio::spawn(async move { sweeping.write_alone(count_roles).await });
        eventually("it waits, too", || store.writer().waiting >= 3).await;
        let importing = store.clone();
        let bulk = tokio::spawn(async move { importing.write_bulk(count_roles).await });
        eventually("all of them wait", || store.writer().waiting >= 4).await;
        holding.end().await;
        for step in before {
            step.await.unwrap().unwrap();
        }
        assert_eq!(alone.await.unwrap().unwrap(), BUILT_IN + 2);
        assert_eq!(bulk.await.unwrap().unwrap(), BUILT_IN + 2);
        assert_eq!(commits.load(Ordering::Relaxed), 4, "one for who held them up, one for two, and one each");
    }
}
