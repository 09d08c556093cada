//! What a thread that reads does.

use crate::connection::OwnConnection;
use crate::operation::Operation;
use crate::queue::Queue;

/// Runs one operation after the other.
pub(crate) fn serve(queue: &Queue<Box<dyn Operation>>, mut connection: OwnConnection) {
    while let Some(mut operation) = queue.take() {
        let fate = connection.get().map(|connection| {
            operation.run(connection);
        });
        if operation.has_panicked() {
            connection.close();
        }
        operation.answer(fate.map_err(Into::into));
    }
}
