//! When the program ends: the signals that ask for it, and how its tasks learn of it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The signals that ask a process to end: SIGTERM and SIGINT.
pub(crate) struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// Takes the signals over: from now on they no longer end the process by themselves.
    pub(crate) fn take_over() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next of them and names it.
    pub(crate) async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Tells tasks that the program ends. Dropping it tells them too.
pub(crate) struct Shutdown(watch::Sender<()>);

/// How a task learns that the program ends.
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
    /// Waits until the program ends.
    pub(crate) async fn begun(&mut self) {
        // Nothing is ever sent: the channel only closes.
        self.0.changed().await.ok();
    }
}
