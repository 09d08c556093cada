//! Threads that own a connection each, and how operations reach them.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot::Receiver;
use tokio::time::timeout;

use crate::connection::{ConnectionMaker, OwnConnection};
use crate::errors::Failure;
use crate::queue::Queue;

/// How the connections of one kind are used at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// How many there can be.
    pub max_size: usize,
    /// How many are open.
    pub size: usize,
    /// How many of the open ones are idle.
    pub available: usize,
    /// How many operations wait for one.
    pub waiting: usize,
}

/// Threads that take operations from one queue.
///
/// When it is dropped the threads do what still waits, close their connections and end.
pub(crate) struct ConnectionThreads<T> {
    queue: Arc<Queue<T>>,
    connections: ConnectionMaker,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> ConnectionThreads<T> {
    /// Starts `count` threads, each of which serves the queue until it is closed.
    pub(crate) fn start(
        name: &str,
        count: usize,
        connections: ConnectionMaker,
        serve: fn(&Queue<T>, OwnConnection),
    ) -> io::Result<Self> {
        let threads = Vec::with_capacity(count);
        let mut started = Self { queue: Arc::new(Queue::new()), connections, threads };
        for _ in 0..count {
            let (queue, connection) = (Arc::clone(&started.queue), started.connections.own());
            let thread =
                thread::Builder::new().name(name.to_owned()).spawn(move || serve(&queue, connection))?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    /// Submits an operation, and waits for its answer.
    ///
    /// It is done to its end, whether or not the caller goes on waiting for that. If no thread takes it
    /// within `patience`, it is not done at all, and the caller is told so.
    pub(crate) async fn submit<R>(
        &self,
        operation: T,
        mut answer: Receiver<Result<R, Failure>>,
        patience: Duration,
    ) -> Result<R, Failure> {
        let ticket = self.queue.push(operation).ok_or(Failure::Crowded)?;
        let answer = match timeout(patience, &mut answer).await {
            Ok(answer) => answer,
            Err(_) if self.queue.withdraw(ticket).is_some() => return Err(Failure::Waited),
            Err(_) => answer.await,
        };
        answer.unwrap_or(Err(Failure::Interrupted))
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let (queue, size) = (self.queue.status(), self.connections.open());
        let busy = self.threads.len() - queue.idle_threads;
        PoolStatus {
            max_size: self.threads.len(),
            size,
            available: size.saturating_sub(busy),
            waiting: queue.waiting,
        }
    }
}

impl<T> Drop for ConnectionThreads<T> {
    fn drop(&mut self) {
        self.queue.close();
        let this = thread::current().id();
        // A thread that dropped the last handle on its store cannot wait for itself.
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != this) {
            // It has nothing to tell: a panic of an operation does not reach it.
            let _ = thread.join();
        }
    }
}
