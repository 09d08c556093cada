use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Barrier;

use crate::Storage;

/// How many callers a race has.
pub(super) const CALLERS: usize = 50;

/// How often a race is run: one that went well proves little.
pub(super) const ROUNDS: usize = 4;

/// Lets [`CALLERS`] take a step at the same time, spread over the instances of the store, and gives
/// what each one got.
pub(super) async fn race<T, Step, Taken>(storage: &Storage, step: Step) -> Vec<T>
where
    T: Send + 'static,
    Step: Fn(usize, Storage) -> Taken,
    Taken: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let start = Arc::clone(&start);
            let taken = step(caller, storage.instance(caller).clone());
            tokio::spawn(async move {
                start.wait().await;
                taken.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(CALLERS);
    for caller in callers {
        // A caller who panics says what went wrong, and the race says it on.
        results.push(caller.await.unwrap_or_else(|error| resume_unwind(error.into_panic())));
    }
    results
}
