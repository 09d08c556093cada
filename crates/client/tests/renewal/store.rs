use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_client::{BoxError, TokenStore, Tokens, async_trait};

use crate::service::{Pair, until};

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Store {
    events: Mutex<Vec<Event>>,
    fails_next: AtomicBool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Stored(Pair),
    Failed,
    Cleared,
}

impl Store {
    pub(crate) fn fail_next(&self) {
        self.fails_next.store(true, Ordering::SeqCst);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no holder panics").clone()
    }

    /// Waits until it was told so often.
    pub(crate) async fn wait_for(&self, events: usize) {
        until("what is to be stored", || self.events().len() >= events).await;
    }

    fn note(&self, event: Event) {
        self.events.lock().expect("no holder panics").push(event);
    }
}

#[async_trait]
impl TokenStore for Store {
    async fn store(&self, tokens: &Tokens) -> Result<(), BoxError> {
        if self.fails_next.swap(false, Ordering::SeqCst) {
            self.note(Event::Failed);
            return Err("the disk is full".into());
        }
        self.note(Event::Stored(Pair::of(tokens)));
        Ok(())
    }

    async fn clear(&self) -> Result<(), BoxError> {
        self.note(Event::Cleared);
        Ok(())
    }
}
