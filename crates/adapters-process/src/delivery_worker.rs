//! Delivers queued mails.

use std::sync::Arc;
use std::time::Duration;

use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{Delivery, UseCases};
use portcullis_domain::with_causes;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::LocalDeliverySignal;
use crate::shutdown::ShutdownNotice;

/// Hears of each attempt at delivery that came to its end, for figures.
///
/// It is told on the way, so it MUST return at once.
pub trait DeliveryObserver: Send + Sync {
    /// `delivery` is what came of one.
    fn finished(&self, delivery: &Delivery);
}

/// Delivers mails until it shall end: as soon as one is queued here, and within a second when one
/// is due again or was queued by another instance.
pub(crate) struct DeliveryWorker {
    use_cases: Arc<UseCases>,
    signal: Arc<LocalDeliverySignal>,
    /// Deliveries under way, each of which first looks whether a mail is due.
    deliveries: JoinSet<Result<Delivery, StorageError>>,
    pace: Pace,
    observer: Option<Arc<dyn DeliveryObserver>>,
}

impl DeliveryWorker {
    /// A worker that `signal` wakes, and that tells `observer` what it does.
    pub(crate) fn new(
        use_cases: Arc<UseCases>,
        signal: Arc<LocalDeliverySignal>,
        observer: Option<Arc<dyn DeliveryObserver>>,
    ) -> Self {
        Self { use_cases, signal, deliveries: JoinSet::new(), pace: Pace::new(Instant::now()), observer }
    }

    /// Works until it shall end, and then finishes the deliveries under way.
    pub(crate) async fn run(mut self, mut shutdown: ShutdownNotice) {
        self.look();
        loop {
            let may_look = self.deliveries.len() < self.pace.in_parallel();
            let signalled = async {
                self.signal.received().await;
                // While the store fails, signals do not hurry.
                sleep_until(self.pace.not_before).await;
            };
            tokio::select! {
                () = signalled, if may_look => self.look(),
                () = sleep_until(self.pace.next_look), if may_look => self.look(),
                Some(finished) = self.deliveries.join_next() => self.finish(finished),
                () = shutdown.begun() => break,
            }
        }
        while let Some(finished) = self.deliveries.join_next().await {
            self.record(finished).ok();
        }
    }

    fn look(&mut self) {
        self.pace.looked(Instant::now());
        let use_cases = Arc::clone(&self.use_cases);
        self.deliveries.spawn(async move { use_cases.deliver_mail.deliver_next().await });
    }

    /// Where one mail was due, another may be.
    fn finish(&mut self, finished: Result<Result<Delivery, StorageError>, JoinError>) {
        match self.record(finished) {
            Ok(Delivery::Idle) => self.pace.succeeded(),
            Ok(_) => {
                self.pace.succeeded();
                self.look();
            }
            Err(Failed) => self.pace.failed(Instant::now()),
        }
    }

    /// Logs and tells what a delivery did.
    fn record(
        &self,
        finished: Result<Result<Delivery, StorageError>, JoinError>,
    ) -> Result<Delivery, Failed> {
        let outcome = log(finished);
        if let (Ok(delivery), Some(observer)) = (&outcome, &self.observer) {
            observer.finished(delivery);
        }
        outcome
    }
}

/// When the worker looks for mails, and how many times at once.
struct Pace {
    next_look: Instant,
    /// Until when not even a signal makes it look.
    not_before: Instant,
    failures: u32,
}

impl Pace {
    /// How many mails are delivered at the same time: most of it is waiting for the mail server.
    const IN_PARALLEL: usize = 4;
    const USUAL: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);

    fn new(now: Instant) -> Self {
        Self { next_look: now, not_before: now, failures: 0 }
    }

    /// How many deliveries may be under way; one only while the store fails.
    fn in_parallel(&self) -> usize {
        if self.failures == 0 { Self::IN_PARALLEL } else { 1 }
    }

    fn looked(&mut self, now: Instant) {
        self.next_look = self.not_before.max(now + Self::USUAL);
    }

    fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// 1 s, 2 s, 4 s, … up to half a minute, so that a store in trouble is left in peace.
    fn failed(&mut self, now: Instant) {
        let pause = Self::USUAL.saturating_mul(1 << self.failures.min(5)).min(Self::LONGEST);
        self.failures += 1;
        self.not_before = now + pause;
        self.next_look = self.not_before;
    }
}

/// A delivery that did not come to an end; it is in the log.
struct Failed;

/// Logs what a delivery did. Whom it was for, the store tells by the id of the mail.
fn log(finished: Result<Result<Delivery, StorageError>, JoinError>) -> Result<Delivery, Failed> {
    let delivery = match finished {
        Ok(Ok(delivery)) => delivery,
        Ok(Err(error)) => {
            tracing::warn!(error = with_causes(&error), "mails cannot be delivered now");
            return Err(Failed);
        }
        Err(error) => {
            tracing::error!(%error, "a delivery broke off");
            return Err(Failed);
        }
    };
    match &delivery {
        Delivery::Idle => {}
        Delivery::Delivered(mail) => tracing::info!(%mail, "mail delivered"),
        Delivery::Dropped(mail) => tracing::debug!(%mail, "mail dropped: nobody waits for it any more"),
        Delivery::Deferred { mail, due_at, reason } => tracing::warn!(
            %mail,
            %due_at,
            reason,
            "mail not delivered, to be tried again"
        ),
        Delivery::Parked { mail, reason } => {
            tracing::error!(%mail, reason, "mail not delivered, and set aside");
        }
    }
    Ok(delivery)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use portcullis_domain::mail::MailKind;
    use portcullis_domain::policy::Policy;
    use portcullis_domain::ports::{DeliverySignal as _, MailQueue as _, MailerError};
    use portcullis_testkit::{Fakes, MemoryStorage, RecordingMailer, fixtures};
    use tokio::task::{JoinHandle, yield_now};

    use super::*;
    use crate::shutdown::Shutdown;

    /// A worker at work in a world whose time passes only while everybody waits for it.
    struct World {
        store: MemoryStorage,
        mailer: Arc<RecordingMailer>,
        signal: Arc<LocalDeliverySignal>,
        outcomes: Arc<Outcomes>,
        shutdown: Shutdown,
        worker: JoinHandle<()>,
    }

    /// Keeps what came of deliveries, but for those that found nothing to do.
    #[derive(Default)]
    struct Outcomes(Mutex<Vec<Delivery>>);

    impl DeliveryObserver for Outcomes {
        fn finished(&self, delivery: &Delivery) {
            if *delivery != Delivery::Idle {
                self.0.lock().unwrap().push(delivery.clone());
            }
        }
    }

    impl World {
        async fn new(store: MemoryStorage) -> Self {
            let fakes = Fakes { storage: store.clone(), ..Fakes::default() };
            fakes.clock.set(fixtures::NOW);
            let signal = Arc::new(LocalDeliverySignal::default());
            let mut ports = fakes.ports();
            ports.delivery = signal.clone();
            let use_cases = Arc::new(UseCases::new(&ports, Policy::default(), &fixtures::secret_key()));
            let outcomes = Arc::new(Outcomes::default());
            let (shutdown, notice) = Shutdown::new();
            let worker = DeliveryWorker::new(use_cases, signal.clone(), Some(outcomes.clone()));
            let worker = tokio::spawn(worker.run(notice));
            // The look at the start is over.
            for _ in 0..10 {
                yield_now().await;
            }
            Self { store, mailer: fakes.mailer, signal, outcomes, shutdown, worker }
        }

        async fn queue(&self, mails: usize) {
            for number in 0..mails {
                let mail = fixtures::mail(MailKind::PasswordChanged, &format!("ada-{number}@example.com"));
                self.store.enqueue(mail).await.expect("the store takes it");
            }
        }

        /// How long it takes until so many mails are delivered.
        async fn time_to_deliver(&self, mails: usize) -> Duration {
            let start = Instant::now();
            while self.mailer.sent().len() < mails {
                assert!(start.elapsed() < Duration::from_mins(5), "it takes for ever");
                sleep_until(Instant::now() + Duration::from_millis(1)).await;
            }
            start.elapsed()
        }
    }

    const AT_ONCE: Duration = Duration::from_millis(20);

    #[tokio::test(start_paused = true)]
    async fn a_signal_delivers_all_that_waits_at_once() {
        let world = World::new(MemoryStorage::default()).await;
        world.queue(10).await;
        world.signal.mail_queued();
        assert!(world.time_to_deliver(10).await <= AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_instance_queued_is_found_within_a_second() {
        let world = World::new(MemoryStorage::default()).await;
        world.queue(3).await;
        assert!(world.time_to_deliver(3).await <= Pace::USUAL + AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mailer_that_fails_does_not_hold_up_other_mails() {
        let world = World::new(MemoryStorage::default()).await;
        world.mailer.fail_next(MailerError::Transient("busy".to_owned()));
        world.mailer.fail_next(MailerError::Permanent("unknown".to_owned()));
        world.queue(5).await;
        world.signal.mail_queued();
        assert!(world.time_to_deliver(3).await <= AT_ONCE);
        yield_now().await;
        let outcomes = world.outcomes.0.lock().unwrap();
        let failed = |outcome: &&Delivery| !matches!(outcome, Delivery::Delivered(_));
        assert_eq!(outcomes.iter().filter(failed).count(), 2, "{outcomes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_fails_is_asked_less_and_less_however_many_signals_come() {
        let store = MemoryStorage::default();
        let failures = 4;
        for _ in 0..failures {
            store.fail_next_call_to("MailQueue::claim");
        }
        let world = World::new(store).await;
        world.queue(1).await;
        let delivery = async {
            loop {
                world.signal.mail_queued();
                sleep_until(Instant::now() + Duration::from_millis(10)).await;
            }
        };
        let time = tokio::select! {
            time = world.time_to_deliver(1) => time,
            () = delivery => unreachable!("signals never end"),
        };
        // 1 s, 2 s, 4 s and 8 s.
        assert!((15..16).contains(&time.as_secs()), "{time:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_worker_ends_when_it_is_told_to() {
        let World { shutdown, worker, .. } = World::new(MemoryStorage::default()).await;
        shutdown.begin();
        worker.await.expect("it does not panic");
    }
}
