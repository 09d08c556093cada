//! What a caller asked for, on its way through the thread that does it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::SqliteConnection;
use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::errors::Failure;

/// An operation that is run once, by the thread whose connection it gets, and answered once.
pub(crate) trait Operation: Send {
    /// Runs it, and says whether it succeeded. A panic is a failure.
    fn run(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Whether it has panicked: its connection may be in any state.
    fn has_panicked(&self) -> bool;

    /// Tells the caller what came of it, or that it came to nothing.
    fn answer(self: Box<Self>, fate: Result<(), Failure>);
}

/// Makes an operation, and what its answer arrives at.
pub(crate) fn asked<T: Send + 'static>(
    operation: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
) -> (Box<dyn Operation>, Receiver<Result<T, Failure>>) {
    let (caller, answer) = oneshot::channel();
    (Box::new(Asked { operation: Some(operation), outcome: None, caller }), answer)
}

struct Asked<T, F> {
    operation: Option<F>,
    outcome: Option<Result<T, Failure>>,
    caller: Sender<Result<T, Failure>>,
}

impl<T, F> Operation for Asked<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        let Some(operation) = self.operation.take() else {
            return false;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| operation(connection)));
        self.outcome.insert(outcome.unwrap_or(Err(Failure::Panicked))).is_ok()
    }

    fn has_panicked(&self) -> bool {
        matches!(self.outcome, Some(Err(Failure::Panicked)))
    }

    fn answer(self: Box<Self>, fate: Result<(), Failure>) {
        let outcome = match (fate, self.outcome) {
            (Ok(()), outcome) => outcome.unwrap_or(Err(Failure::Interrupted)),
            // It says nothing about what is stored, and is nearer to the cause.
            (Err(_), Some(Err(failure))) if failure.is_passing() => Err(failure),
            (Err(failure), _) => Err(failure),
        };
        // Who no longer waits need not know.
        let _ = self.caller.send(outcome);
    }
}
