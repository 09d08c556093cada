use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::task::Poll;

use super::UsualCause;
use super::promises::promise_of;

/// One promise of a port, and how it is put to the test on a `Setup`: a [`Storage`](crate::Storage), a
/// [`MailerSetup`](super::mailer::MailerSetup) or another.
///
/// The macros make a test of each case. Whoever wants to run them in another way, such as against a service
/// that is started once, gets them from [`storage_cases`](super::storage_cases) and its like.
///
/// ```
/// use portcullis_testkit::{MemoryStorage, Storage, contract};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// for case in contract::storage_cases().into_iter().take(3) {
///     let storage = Storage::from(MemoryStorage::default());
///     case.check(&storage).await.unwrap_or_else(|failure| panic!("{failure}"));
/// }
/// # });
/// ```
pub struct Case<Setup> {
    contract: &'static str,
    name: &'static str,
    usual_cause: UsualCause,
    run: Run<Setup>,
}

type Run<Setup> = for<'a> fn(&'a Setup) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

impl<Setup> Case<Setup> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        contract: &'static str,
        name: &'static str,
        usual_cause: UsualCause,
        run: Run<Setup>,
    ) -> Self {
        Self { contract, name, usual_cause, run }
    }

    /// Its name, which is that of the invariant that it proves, such as `raced_resets_have_one_winner`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the port promises.
    #[must_use]
    pub fn promise(&self) -> String {
        promise_of(self.name)
    }

    /// Runs it on a setup of its own.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the adapter does not keep the promise.
    pub async fn check(&self, setup: &Setup) -> Result<(), Failure> {
        let panicked = without_panicking((self.run)(setup)).await;
        panicked.map_err(|panic| Failure {
            case: format!("{}::{}", self.contract, self.name),
            promise: self.promise(),
            finding: message_of(panic.as_ref()),
            usual_cause: self.usual_cause,
        })
    }

    /// Runs it on a setup of its own.
    ///
    /// # Panics
    ///
    /// With the [`Failure`] when the adapter does not keep the promise.
    pub async fn prove(&self, setup: &Setup) {
        if let Err(failure) = self.check(setup).await {
            panic!("{failure}");
        }
    }
}

/// What became of `future`, or what it panicked with.
async fn without_panicking<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        match panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked without a word").to_owned()
}

/// An adapter does not keep a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case, after its contract: `tokens::raced_resets_have_one_winner`.
    pub case: String,
    /// What the port promises.
    pub promise: String,
    /// What the case found instead.
    pub finding: String,
    /// Where to look first.
    pub usual_cause: UsualCause,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, promise, finding, usual_cause } = self;
        write!(
            formatter,
            "the adapter fails the case {case}\n\
             \n  what the port promises: {promise}\n\
             \n  what the case found: {finding}\n\
             \n  what usually causes it: {usual_cause}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_says_what_was_promised_what_happened_and_where_to_look() {
        let case =
            Case::<()>::new("tokens", "raced_resets_have_one_winner", UsualCause::CheckThenAct, |()| {
                Box::pin(async { assert_eq!([0, 3].len(), 1, "one redemption wins") })
            });
        let failure = case.check(&()).await.expect_err("it panics");
        let shown = failure.to_string();
        for part in [
            "tokens::raced_resets_have_one_winner",
            "only that password counts",
            "one redemption wins",
            "lock",
        ] {
            assert!(shown.contains(part), "{part} is in: {shown}");
        }
    }
}
