use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_domain::ports::DeliverySignal;

/// A signal that wakes nobody and counts how often it was given.
#[derive(Debug, Default)]
pub struct CountingSignal(AtomicU32);

impl CountingSignal {
    /// How often it was given.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl DeliverySignal for CountingSignal {
    fn mail_queued(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
