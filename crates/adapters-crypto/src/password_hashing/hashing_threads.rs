use std::any::Any;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portcullis_domain::ports::HasherOverloaded;
use tokio::sync::{Semaphore, oneshot};

use super::HashingObserver;
use super::argon2_hash::Arena;

/// How many passwords are hashed at once, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingCapacity {
    /// Threads that hash, and arenas of memory: one a core is most that pays.
    pub threads: NonZeroUsize,
    /// Passwords that may wait for a thread; zero lets none wait.
    pub queue: usize,
}

/// How busy the threads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingLoad {
    /// Passwords that are being hashed.
    pub running: usize,
    /// Passwords that wait for a thread.
    pub waiting: usize,
}

/// A fixed number of threads, each with an arena of its own, behind a bounded queue.
///
/// Hashing never takes more cores or memory than this, whatever storms in, and never occupies the
/// threads of the asynchronous runtime.
pub(super) struct HashingThreads {
    capacity: HashingCapacity,
    /// One permit for each job that may run or wait.
    admission: Arc<Semaphore>,
    /// Taken on drop, which is what tells the threads to end.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    pace: Arc<Pace>,
    observer: Option<Arc<dyn HashingObserver>>,
}

type Job = Box<dyn FnOnce(&mut Arena) + Send>;
type Outcome<R> = Result<R, Box<dyn Any + Send>>;

impl HashingThreads {
    /// Starts the threads, each with an arena that `arena` makes.
    ///
    /// # Errors
    ///
    /// When the operating system starts no more threads.
    pub(super) fn start(capacity: HashingCapacity, arena: impl Fn() -> Arena) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (1..=capacity.threads.get())
            .map(|number| {
                let (waiting, arena) = (Arc::clone(&waiting), arena());
                thread::Builder::new()
                    .name(format!("portcullis-hash-{number}"))
                    .spawn(move || work_off(&waiting, arena))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            capacity,
            admission: Arc::new(Semaphore::new(capacity.threads.get() + capacity.queue)),
            jobs: Some(jobs),
            threads,
            pace: Arc::default(),
            observer: None,
        })
    }

    /// The same threads, with somebody who hears of each job.
    pub(super) fn observed_by(mut self, observer: Arc<dyn HashingObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// How busy they are.
    pub(super) fn load(&self) -> HashingLoad {
        let places = self.capacity.threads.get() + self.capacity.queue;
        let jobs = places - self.admission.available_permits();
        let running = jobs.min(self.capacity.threads.get());
        HashingLoad { running, waiting: jobs - running }
    }

    /// Whether there is a place for one more.
    ///
    /// # Errors
    ///
    /// [`HasherOverloaded`] when the queue is full.
    pub(super) fn admits(&self) -> Result<(), HasherOverloaded> {
        if self.admission.available_permits() > 0 { Ok(()) } else { Err(self.refuse()) }
    }

    fn refuse(&self) -> HasherOverloaded {
        if let Some(observer) = &self.observer {
            observer.refused();
        }
        HasherOverloaded { retry_after: self.time_to_work_off_a_full_queue() }
    }

    /// Runs `work` on one of the threads, in its turn.
    ///
    /// Work whose caller has gone before its turn is dropped unstarted; once started it keeps its
    /// thread. A panic in it goes on in the caller, and leaves thread and arena in service.
    ///
    /// # Errors
    ///
    /// [`HasherOverloaded`] at once when the queue is full.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Arena) -> R + Send + 'static,
    ) -> Result<R, HasherOverloaded> {
        let permit = Arc::clone(&self.admission).try_acquire_owned().map_err(|_| self.refuse())?;
        let (answer, answered) = oneshot::channel::<Outcome<R>>();
        let (pace, observer, queued) = (Arc::clone(&self.pace), self.observer.clone(), Instant::now());
        let job: Job = Box::new(move |arena| {
            if answer.is_closed() {
                return;
            }
            let started = Instant::now();
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(arena)));
            let took = started.elapsed();
            pace.record(took);
            if let Some(observer) = observer {
                observer.hashed(started - queued, took);
            }
            // Whoever has the answer finds room for the next.
            drop(permit);
            // The caller may have gone meanwhile.
            answer.send(outcome).ok();
        });
        self.jobs
            .as_ref()
            .and_then(|jobs| jobs.send(job).ok())
            .expect("the threads take jobs until this value is dropped");
        match answered.await.expect("a job whose caller waits is answered") {
            Ok(result) => Ok(result),
            Err(panic) => panic::resume_unwind(panic),
        }
    }

    /// At least a second, and in whole seconds, as `Retry-After` counts them.
    fn time_to_work_off_a_full_queue(&self) -> Duration {
        let jobs_a_thread = 1 + self.capacity.queue.div_ceil(self.capacity.threads.get());
        let time = self.pace.mean().saturating_mul(u32::try_from(jobs_a_thread).unwrap_or(u32::MAX));
        Duration::from_secs(time.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)).max(SECOND)
    }
}

const SECOND: Duration = Duration::from_secs(1);

impl Drop for HashingThreads {
    /// Waits for the jobs that run; no caller is left for those that do not.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Jobs catch their own panics, so there is nothing to learn from how a thread ended.
            thread.join().ok();
        }
    }
}

fn work_off(waiting: &Mutex<Receiver<Job>>, mut arena: Arena) {
    // Waiting poisons nothing, so a poisoned lock is as good as any.
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        job(&mut arena);
    }
}

/// A moving mean of how long a job takes.
struct Pace(AtomicU64);

impl Default for Pace {
    /// What a hash of the default settings takes on a common machine.
    fn default() -> Self {
        Self(AtomicU64::new(30_000))
    }
}

impl Pace {
    /// The weight of a new measurement is one in this many.
    const INERTIA: u64 = 8;

    /// Of two measurements at once one may get lost, which an estimate can bear.
    fn record(&self, time: Duration) {
        let measured = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let before = self.0.load(Ordering::Relaxed);
        let mean = before - before / Self::INERTIA + measured / Self::INERTIA;
        self.0.store(mean, Ordering::Relaxed);
    }

    fn mean(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Poll;

    use super::*;
    use crate::Argon2Settings;

    fn threads(threads: usize, queue: usize) -> HashingThreads {
        let threads = NonZeroUsize::new(threads).expect("some threads");
        let settings = Argon2Settings::new(8, 1, 1).expect("least costs");
        HashingThreads::start(HashingCapacity { threads, queue }, || Arena::new(settings)).expect("threads")
    }

    /// Polls `future` once, which queues its job, and expects it to wait.
    async fn begin(future: &mut (impl Future + Unpin)) {
        let waits =
            std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)));
        assert!(waits.await.is_pending());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_takes_again_when_there_is_room() {
        let threads = threads(1, 1);
        let (release, held) = mpsc::channel::<()>();
        let mut running = Box::pin(threads.run(move |_| held.recv().ok()));
        begin(&mut running).await;
        let mut waiting = Box::pin(threads.run(|_| "waited"));
        begin(&mut waiting).await;

        assert_eq!(threads.load(), HashingLoad { running: 1, waiting: 1 });
        assert_eq!(threads.admits(), Err(HasherOverloaded { retry_after: SECOND }));
        let refusal = threads.run(|_| ()).await.expect_err("the queue is full");
        assert_eq!(refusal, HasherOverloaded { retry_after: SECOND });

        release.send(()).expect("the job waits for it");
        running.await.expect("it had a place");
        assert_eq!(waiting.await, Ok("waited"));
        assert_eq!(threads.admits(), Ok(()));
        assert_eq!(threads.run(|_| "taken").await, Ok("taken"));
    }

    #[derive(Debug)]
    enum Told {
        Hashed { waited: Duration, took: Duration },
        Refused,
    }

    #[derive(Default)]
    struct Heard(Mutex<Vec<Told>>);

    impl HashingObserver for Heard {
        fn hashed(&self, waited: Duration, took: Duration) {
            self.0.lock().unwrap().push(Told::Hashed { waited, took });
        }

        fn refused(&self) {
            self.0.lock().unwrap().push(Told::Refused);
        }
    }

    #[tokio::test]
    async fn an_observer_hears_of_each_job_and_each_refusal() {
        const WORK: Duration = Duration::from_millis(5);
        let heard = Arc::new(Heard::default());
        let threads = threads(1, 0).observed_by(heard.clone());
        let (release, held) = mpsc::channel::<()>();
        let begun = Instant::now();
        let mut running = Box::pin(threads.run(move |_| {
            held.recv().ok();
            thread::sleep(WORK);
        }));
        begin(&mut running).await;
        threads.run(|_| ()).await.expect_err("there is no queue");
        threads.admits().expect_err("nor is there now");
        release.send(()).expect("the job waits for it");
        running.await.expect("it had a place");
        let heard = heard.0.lock().unwrap();
        let [Told::Refused, Told::Refused, Told::Hashed { waited, took }] = heard[..] else {
            panic!("two refusals and a job: {heard:?}");
        };
        assert!(took >= WORK && waited + took <= begun.elapsed(), "{waited:?}, {took:?}");
    }

    #[tokio::test]
    async fn without_a_queue_there_is_a_place_for_each_thread() {
        let threads = threads(2, 0);
        for _ in 0..100 {
            let (first, second) = tokio::join!(threads.run(|_| 1), threads.run(|_| 2));
            assert_eq!((first, second), (Ok(1), Ok(2)));
        }
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_gone_is_not_started() {
        let threads = threads(1, 2);
        let started = Arc::new(AtomicUsize::new(0));
        let (release, held) = mpsc::channel::<()>();
        let mut running = Box::pin(threads.run(move |_| held.recv().ok()));
        begin(&mut running).await;

        let in_job = Arc::clone(&started);
        let mut cancelled = Box::pin(threads.run(move |_| in_job.fetch_add(1, Ordering::SeqCst)));
        begin(&mut cancelled).await;
        drop(cancelled);

        let mut behind = Box::pin(threads.run(|_| "behind"));
        begin(&mut behind).await;
        release.send(()).expect("the job waits for it");
        running.await.expect("it had a place");
        assert_eq!(behind.await, Ok("behind"));
        assert_eq!(started.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_job_that_runs_keeps_its_place_when_its_caller_goes() {
        let threads = threads(1, 0);
        let (started, starts) = mpsc::channel::<()>();
        let (release, held) = mpsc::channel::<()>();
        let mut running = Box::pin(threads.run(move |_| {
            started.send(()).expect("the test listens");
            held.recv().ok();
        }));
        begin(&mut running).await;
        starts.recv().expect("the job starts");
        drop(running);

        assert!(matches!(threads.run(|_| ()).await, Err(HasherOverloaded { .. })));
        release.send(()).expect("the job waits for it");
        while threads.run(|_| ()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_panic_reaches_its_caller_and_costs_neither_thread_nor_place() {
        let threads = Arc::new(threads(1, 0));
        for _ in 0..3 {
            let panicking = Arc::clone(&threads);
            let outcome = tokio::spawn(async move { panicking.run(|_| panic!("in a job")).await }).await;
            assert!(outcome.expect_err("the caller panics").is_panic());
            assert_eq!(
                threads.run(|_| thread::current().name().map(str::to_owned)).await,
                Ok(Some("portcullis-hash-1".into()))
            );
        }
    }

    #[tokio::test]
    async fn dropping_ends_the_threads() {
        let threads = threads(2, 0);
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        thread_local!(static HELD: std::cell::OnceCell<Arc<()>> = const { std::cell::OnceCell::new() });
        threads.run(move |_| HELD.with(|cell| cell.set(held).expect("empty"))).await.expect("a place");
        assert_eq!(Arc::strong_count(&alive), 2);
        drop(threads);
        assert_eq!(Arc::strong_count(&alive), 1, "a thread's own values end with it");
    }

    #[test]
    fn the_time_to_wait_grows_with_the_queue_and_the_time_of_a_hash() {
        let threads = threads(2, 398);
        assert_eq!(threads.time_to_work_off_a_full_queue(), Duration::from_secs(6));
        for _ in 0..100 {
            threads.pace.record(Duration::from_millis(100));
        }
        assert_eq!(threads.time_to_work_off_a_full_queue(), Duration::from_secs(20));
    }
}
