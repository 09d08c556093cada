//! Transactions that cost one round trip: every statement is sent before the first one is answered.
//!
//! Statements go out in the order in which their futures are first polled, and `try_join!` polls them in
//! the order in which they are written. What a connection has not prepared yet holds up all that is behind
//! it, the ends of the transaction included, because these are prepared like any other statement. When one
//! fails, the server refuses those that follow, and takes `COMMIT` for `ROLLBACK`.

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::try_join;

use crate::errors::Failure;
use crate::statement::statement;

/// Runs `work` as a transaction behind `lock`, all of it in one round trip.
///
/// What `work` reads is what was committed when the lock was had: each statement sees the database as it
/// is when its turn comes (`READ COMMITTED`). So whatever is changed only by those who hold that lock is
/// for `work` to look at, decide upon and change.
pub(crate) async fn locked<L: Send, T: Send>(
    connection: &AsyncPgConnection,
    lock: impl Future<Output = QueryResult<L>> + Send,
    work: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<T, Failure> {
    begun_with(connection, async { lock.await.map_err(Failure::from) }, work).await
}

/// Runs `work` as a transaction whose first statement is `first`, all of it in one round trip.
pub(crate) async fn begun_with<F: Send, T: Send>(
    connection: &AsyncPgConnection,
    first: impl Future<Output = Result<F, Failure>> + Send,
    work: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<T, Failure> {
    or_roll_back(connection, async {
        let ((), _, done, ()) = try_join!(begin(connection), first, work, commit(connection))?;
        Ok(done)
    })
    .await
}

/// Rolls back when `transaction`, which begins and commits one, fails.
pub(crate) async fn or_roll_back<T: Send>(
    mut connection: &AsyncPgConnection,
    transaction: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<T, Failure> {
    match transaction.await {
        Ok(done) => Ok(done),
        Err(failure) => match connection.batch_execute("ROLLBACK").await {
            Ok(()) => Err(failure),
            Err(_) => Err(Failure::NotRolledBack(Box::new(failure))),
        },
    }
}

/// Begins a transaction, whatever the server takes for the usual kind.
pub(crate) async fn begin(mut connection: &AsyncPgConnection) -> Result<(), Failure> {
    statement("BEGIN ISOLATION LEVEL READ COMMITTED").execute(&mut connection).await?;
    Ok(())
}

/// Commits the transaction that [`begin`] began.
pub(crate) async fn commit(mut connection: &AsyncPgConnection) -> Result<(), Failure> {
    statement("COMMIT").execute(&mut connection).await?;
    Ok(())
}
