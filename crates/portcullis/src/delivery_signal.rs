//! Wakes the delivery worker of the same process.

use portcullis_domain::ports::DeliverySignal;
use tokio::sync::Notify;

/// A signal within one process. One that comes while nobody waits is kept for the next who does.
#[derive(Debug, Default)]
pub(crate) struct LocalDeliverySignal(Notify);

impl LocalDeliverySignal {
    /// Waits for the next signal.
    pub(crate) async fn received(&self) {
        self.0.notified().await;
    }
}

impl DeliverySignal for LocalDeliverySignal {
    fn mail_queued(&self) {
        self.0.notify_one();
    }
}
