use std::collections::VecDeque;
use std::pin::pin;

use tokio::sync::oneshot;

use super::MemoryStorage;
use super::operations::expect_operation;

/// Which calls are to wait, each once.
#[derive(Default)]
pub(super) struct Gates(VecDeque<(&'static str, Barred)>);

/// A gate, as the call sees it that is to wait.
pub(super) struct Barred {
    reached: oneshot::Sender<()>,
    opened: oneshot::Receiver<()>,
}

/// A gate, as the test sees it that lets the call go.
struct Gate {
    reached: oneshot::Receiver<()>,
    opened: oneshot::Sender<()>,
}

impl Gates {
    fn bar_next_call_to(&mut self, operation: &'static str) -> Gate {
        let (reached, is_reached) = oneshot::channel();
        let (opened, is_opened) = oneshot::channel();
        self.0.push_back((operation, Barred { reached, opened: is_opened }));
        Gate { reached: is_reached, opened }
    }

    /// The gate before this call, if there is one.
    pub(super) fn meet(&mut self, operation: &'static str) -> Option<Barred> {
        let index = self.0.iter().position(|(barred, _)| *barred == operation)?;
        self.0.remove(index).map(|(_, barred)| barred)
    }
}

impl Barred {
    /// Waits until the test opens the gate, or has no use for it any more.
    pub(super) async fn pass(self) {
        if self.reached.send(()).is_ok() {
            self.opened.await.ok();
        }
    }
}

impl MemoryStorage {
    /// Runs `held` until it calls `operation`, then `meanwhile` to its end, and then `held` to its end.
    ///
    /// What two use cases do to each other is decided by the order in which their steps reach the store. This is
    /// that order, the same in every run, without threads and without waiting. Nothing of the call that waits has
    /// happened yet. `meanwhile` may itself be such a schedule, for three callers and more.
    ///
    /// ```
    /// use portcullis_testkit::TestDomain;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let domain = TestDomain::new();
    /// let token = domain.signed_in("ada@example.com").await.tokens.refresh_token;
    /// let (late, early) = domain
    ///     .storage
    ///     .interleave("SessionRepository::rotate", domain.refresh(&token), domain.refresh(&token))
    ///     .await;
    /// assert_eq!(late.unwrap().refresh_token, early.unwrap().refresh_token);
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// When no storage port has such an `operation`, or when `held` ends without calling it.
    pub async fn interleave<Held, Meanwhile>(
        &self,
        operation: &'static str,
        held: impl Future<Output = Held>,
        meanwhile: impl Future<Output = Meanwhile>,
    ) -> (Held, Meanwhile) {
        expect_operation(operation);
        let gate = self.gates().bar_next_call_to(operation);
        let mut held = pin!(held);
        tokio::select! {
            biased;
            _ = &mut held => panic!("what is to be held ended without calling {operation}"),
            _ = gate.reached => {}
        }
        let meanwhile = meanwhile.await;
        drop(gate.opened);
        (held.await, meanwhile)
    }
}
