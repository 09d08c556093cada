use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_domain::ports::DeliverySignal;

/// A signal that wakes nobody and counts how often it was given.
///
/// ```
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// domain.register("ada@example.com").await.unwrap();
/// assert_eq!(domain.delivery.count(), 1, "the delivery worker is woken");
/// # });
/// ```
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
