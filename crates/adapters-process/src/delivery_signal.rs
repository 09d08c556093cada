use portcullis_domain::ports::DeliverySignal;
use tokio::sync::Notify;

/// Wakes the delivery worker of the same process. A signal that comes while nobody waits is kept for the next who does.
#[derive(Debug, Default)]
pub struct LocalDeliverySignal(Notify);

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
