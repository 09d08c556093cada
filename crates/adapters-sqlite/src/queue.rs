//! Where operations wait for a thread, in the order of their arrival.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// What lies between callers, who never block, and threads, which sleep while there is nothing to do.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: VecDeque<(Ticket, T)>,
    next: Ticket,
    /// Threads that sleep. The last to fall asleep is the first to be woken: what it reads and runs is
    /// still in the caches, and the others, if they are not needed, stay out of memory.
    idle: Vec<Thread>,
    is_closed: bool,
}

/// Stands for what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// How a queue is doing at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueStatus {
    pub(crate) waiting: usize,
    pub(crate) idle_threads: usize,
}

impl<T> Queue<T> {
    /// So many may wait: more than a machine answers before their callers lose patience.
    pub(crate) const LIMIT: usize = 10_000;

    pub(crate) fn new() -> Self {
        let state = State { waiting: VecDeque::new(), next: Ticket(0), idle: Vec::new(), is_closed: false };
        Self { state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something wait, unless too much does already.
    pub(crate) fn push(&self, item: T) -> Option<Ticket> {
        let mut state = self.state();
        if state.waiting.len() == Self::LIMIT {
            return None;
        }
        let ticket = state.next;
        state.next = Ticket(ticket.0 + 1);
        state.waiting.push_back((ticket, item));
        let woken = state.idle.pop();
        drop(state);
        if let Some(thread) = woken {
            thread.unpark();
        }
        Some(ticket)
    }

    /// Takes back what still waits. None if a thread has taken it.
    pub(crate) fn withdraw(&self, ticket: Ticket) -> Option<T> {
        let mut state = self.state();
        let place = state.waiting.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        state.waiting.remove(place).map(|(_, item)| item)
    }

    /// Takes what has waited longest, and sleeps until there is something. None once the queue is closed
    /// and nothing waits any more.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some((_, item)) = state.waiting.pop_front() {
                return Some(item);
            }
            if state.is_closed {
                return None;
            }
            let this = thread::current();
            let id = this.id();
            state.idle.push(this);
            drop(state);
            thread::park();
            state = self.state();
            // Sleep can end of itself.
            state.idle.retain(|thread| thread.id() != id);
        }
    }

    /// Takes what has waited longest if it is `wanted`, and does not sleep.
    pub(crate) fn take_if(&self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let waiting = &mut self.state().waiting;
        let is_wanted = waiting.front().is_some_and(|(_, item)| wanted(item));
        is_wanted.then(|| waiting.pop_front()).flatten().map(|(_, item)| item)
    }

    /// Lets the threads end when they have done what waits.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.idle.drain(..).for_each(|thread| thread.unpark());
    }

    pub(crate) fn status(&self) -> QueueStatus {
        let state = self.state();
        QueueStatus { waiting: state.waiting.len(), idle_threads: state.idle.len() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn filled(items: impl IntoIterator<Item = u32>) -> (Queue<u32>, Vec<Ticket>) {
        let queue = Queue::new();
        let tickets = items.into_iter().map(|item| queue.push(item).unwrap()).collect();
        (queue, tickets)
    }

    #[test]
    fn what_came_first_is_taken_first() {
        let (queue, _) = filled(1..=3);
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn what_is_withdrawn_is_not_taken_and_what_was_taken_is_not_withdrawn() {
        let (queue, tickets) = filled(1..=3);
        assert_eq!(queue.take(), Some(1));
        assert_eq!([queue.withdraw(tickets[0]), queue.withdraw(tickets[1])], [None, Some(2)]);
        assert_eq!((queue.take(), queue.status().waiting), (Some(3), 0));
    }

    #[test]
    fn only_what_is_next_is_taken_if_wanted() {
        let (queue, _) = filled([2, 4, 5, 6]);
        let mut even = Vec::new();
        while let Some(item) = queue.take_if(|item| item % 2 == 0) {
            even.push(item);
        }
        assert_eq!((even, queue.status().waiting), (vec![2, 4], 2));
    }

    #[test]
    fn a_queue_that_is_full_takes_no_more() {
        let (queue, _) = filled(0..10_000);
        assert_eq!(queue.push(10_000), None);
        queue.take();
        assert!(queue.push(10_000).is_some());
    }

    #[test]
    fn a_closed_queue_is_emptied() {
        let (queue, _) = filled([1]);
        queue.close();
        assert_eq!([queue.take(), queue.take()], [Some(1), None]);
    }

    #[test]
    fn sleeping_threads_wake_up_for_what_comes_and_for_the_end() {
        const THREADS: usize = 3;
        let queue = Arc::new(Queue::new());
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || std::iter::from_fn(|| queue.take()).count())
            })
            .collect();
        while queue.status().idle_threads < THREADS {
            thread::sleep(Duration::from_millis(1));
        }
        for item in 0..1_000 {
            queue.push(item).unwrap();
        }
        queue.close();
        let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(taken, 1_000);
    }
}
