use std::sync::Arc;

use portcullis_domain::use_cases::UseCases;
use tokio::task::JoinSet;

use crate::delivery_worker::{DeliveryObserver, DeliveryWorker};
use crate::shutdown::Shutdown;
use crate::{LocalDeliverySignal, sweeper};

/// The work that goes on beside requests, for as long as this is kept: queued mails are delivered, and what has
/// expired is deleted.
///
/// Any number of instances may do it on one store.
///
/// ```
/// use std::sync::Arc;
///
/// use portcullis_adapters_process::{Background, LocalDeliverySignal};
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let signal = Arc::new(LocalDeliverySignal::default());
/// let domain = TestDomain::with(Default::default(), |ports| ports.delivery = signal.clone());
/// let background = Background::start(domain.use_cases.clone(), signal, None);
/// domain.register("ada@example.com").await.unwrap();
/// while domain.mailer.last_to("ada@example.com").is_none() {
///     tokio::task::yield_now().await;
/// }
/// background.stop().await;
/// # });
/// ```
pub struct Background {
    workers: JoinSet<()>,
    shutdown: Shutdown,
}

impl Background {
    /// Begins it, on the runtime of the caller. `signal` has to be the one among the ports of `use_cases`; `observer`
    /// hears of deliveries.
    #[must_use = "the work ends when this is dropped"]
    pub fn start(
        use_cases: Arc<UseCases>,
        signal: Arc<LocalDeliverySignal>,
        observer: Option<Arc<dyn DeliveryObserver>>,
    ) -> Self {
        let (shutdown, notice) = Shutdown::new();
        let mut workers = JoinSet::new();
        workers.spawn(DeliveryWorker::new(use_cases.clone(), signal, observer).run(notice.clone()));
        workers.spawn(sweeper::run(use_cases, notice));
        Self { workers, shutdown }
    }

    /// Ends it: nothing is begun from now on. What is returned waits for deliveries that are under way, and breaks
    /// them off when it is dropped; their mails stay queued.
    pub fn stop(self) -> impl Future<Output = ()> + Send {
        let Self { mut workers, shutdown } = self;
        shutdown.begin();
        async move { while workers.join_next().await.is_some() {} }
    }
}
