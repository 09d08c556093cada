/// Wakes the delivery worker when a mail was queued, so that it need not wait for its next look.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait DeliverySignal: Send + Sync {
    /// MUST return at once. A signal that gets lost delays a mail until the worker's next look.
    fn mail_queued(&self);
}
