//! How workers learn that they shall end.

use tokio::sync::watch;

/// Tells workers to end. Dropping it tells them too.
pub(crate) struct Shutdown(watch::Sender<()>);

/// How a worker learns of it.
#[derive(Clone)]
pub(crate) struct ShutdownNotice(watch::Receiver<()>);

impl Shutdown {
    pub(crate) fn new() -> (Self, ShutdownNotice) {
        let (sender, receiver) = watch::channel(());
        (Self(sender), ShutdownNotice(receiver))
    }

    /// Tells them.
    pub(crate) fn begin(self) {
        drop(self.0);
    }
}

impl ShutdownNotice {
    /// Waits until they shall.
    pub(crate) async fn begun(&mut self) {
        // Nothing is ever sent: the channel only closes.
        self.0.changed().await.ok();
    }
}
