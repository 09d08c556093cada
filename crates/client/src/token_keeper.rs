//! The tokens of a session: one refresh for all who wait, whatever becomes of those who wait.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::error::Error;
use crate::problem::Code;
use crate::secret::Secret;
use crate::service::{Answer, Service};
use crate::tokens::{TokenStore, Tokens};

/// Hands out tokens that are good, and renews them when they are not.
pub(crate) struct TokenKeeper {
    renewer: Renewer,
    state: Mutex<State>,
}

enum State {
    Open { held: Arc<HeldTokens>, renewal: Option<Renewal> },
    Ended,
}

/// A renewal that is under way. It goes on by itself, and whoever needs what comes of it waits for the same one.
type Renewal = Shared<BoxFuture<'static, Renewed>>;

/// What comes of a renewal.
#[derive(Clone)]
enum Renewed {
    To(Arc<HeldTokens>),
    /// They are good, but nobody is to rely on them who could lose them.
    ButNotStored(Arc<HeldTokens>, NotStored),
    SessionEnded,
    Failed(Arc<Error>),
}

type NotStored = Arc<dyn std::error::Error + Send + Sync>;

/// A pair of tokens, and what is known of it.
#[derive(Clone)]
pub(crate) struct HeldTokens {
    tokens: Tokens,
    /// When to renew them. Those of an earlier run are renewed when the service refuses them.
    stale_at: Option<Instant>,
    is_stored: bool,
}

/// Tokens as the service gives them.
#[derive(Deserialize)]
pub(crate) struct Grant {
    #[serde(flatten)]
    tokens: Tokens,
    expires_in: u64,
}

impl HeldTokens {
    /// Those of an earlier run.
    pub(crate) fn resumed(tokens: Tokens) -> Self {
        Self { tokens, stale_at: None, is_stored: true }
    }

    /// Those that the service gives to who asked at this moment.
    pub(crate) fn granted(grant: Grant, asked_at: Instant) -> Self {
        /// For the way to the service.
        const LONGEST_MARGIN: Duration = Duration::from_secs(10);
        let lifetime = Duration::from_secs(grant.expires_in);
        let margin = LONGEST_MARGIN.min(lifetime / 10);
        Self {
            tokens: grant.tokens,
            stale_at: asked_at.checked_add(lifetime.saturating_sub(margin)),
            is_stored: false,
        }
    }

    pub(crate) fn access_token(&self) -> &Secret {
        &self.tokens.access_token
    }

    /// The request, made with these tokens.
    pub(crate) fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.access_token().expose())
    }

    fn is_stale(&self) -> bool {
        self.stale_at.is_some_and(|moment| moment <= Instant::now())
    }
}

impl TokenKeeper {
    pub(crate) fn new(service: Service, store: Option<Arc<dyn TokenStore>>, held: HeldTokens) -> Self {
        let state = State::Open { held: Arc::new(held), renewal: None };
        Self { renewer: Renewer { service, store }, state: Mutex::new(state) }
    }

    /// Tokens that are good, as far as is known.
    pub(crate) async fn tokens(self: &Arc<Self>) -> Result<Arc<HeldTokens>, Error> {
        self.tokens_but(None).await
    }

    /// Tokens in the place of these, which the service refused.
    pub(crate) async fn tokens_after(
        self: &Arc<Self>,
        refused: &Arc<HeldTokens>,
    ) -> Result<Arc<HeldTokens>, Error> {
        self.tokens_but(Some(refused)).await
    }

    async fn tokens_but(
        self: &Arc<Self>,
        refused: Option<&Arc<HeldTokens>>,
    ) -> Result<Arc<HeldTokens>, Error> {
        let renewal = match &mut *self.state() {
            State::Ended => return Err(Error::SessionEnded),
            State::Open { renewal: Some(renewal), .. } => renewal.clone(),
            State::Open { held, renewal } => {
                let is_spent = held.is_stale() || refused.is_some_and(|refused| Arc::ptr_eq(refused, held));
                if !is_spent && held.is_stored {
                    return Ok(Arc::clone(held));
                }
                renewal.insert(Arc::clone(self).begin(Arc::clone(held), is_spent)).clone()
            }
        };
        match renewal.await {
            Renewed::To(held) => Ok(held),
            Renewed::ButNotStored(_, cause) => Err(Error::NotStored(cause)),
            Renewed::SessionEnded => Err(Error::SessionEnded),
            Renewed::Failed(cause) => Err(Error::NotRenewed(cause)),
        }
    }

    /// Renews in a task of its own: who waits may be dropped, but the answer to a refresh must not be lost.
    fn begin(self: Arc<Self>, held: Arc<HeldTokens>, is_spent: bool) -> Renewal {
        let renewal = tokio::spawn(async move {
            let renewed = AssertUnwindSafe(self.renewer.renew(&held, is_spent)).catch_unwind().await;
            // Only the store is not ours, and could panic.
            let renewed = renewed.unwrap_or_else(|_| Renewed::ButNotStored(held, Arc::new(StorePanicked)));
            self.settle(&renewed);
            renewed
        });
        renewal.map(|ended| ended.expect("nothing waits when its runtime shuts down")).boxed().shared()
    }

    /// Draws the consequences of the renewal that is under way.
    fn settle(&self, renewed: &Renewed) {
        let mut state = self.state();
        let State::Open { held, renewal } = &mut *state else { return };
        *renewal = None;
        match renewed {
            Renewed::To(new) | Renewed::ButNotStored(new, _) => *held = Arc::clone(new),
            Renewed::SessionEnded => *state = State::Ended,
            Renewed::Failed(_) => {}
        }
    }

    /// From now on there are no tokens.
    pub(crate) async fn end(&self) -> Result<(), Error> {
        let state = mem::replace(&mut *self.state(), State::Ended);
        let State::Open { renewal, .. } = state else { return Ok(()) };
        if let Some(renewal) = renewal {
            // It would store tokens after they are forgotten.
            renewal.await;
        }
        self.renewer.forget().await.map_err(Error::NotStored)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the token store panicked")]
struct StorePanicked;

/// Exchanges tokens and has them stored.
struct Renewer {
    service: Service,
    store: Option<Arc<dyn TokenStore>>,
}

impl Renewer {
    async fn renew(&self, held: &HeldTokens, is_spent: bool) -> Renewed {
        let mut held = held.clone();
        if is_spent {
            held = match self.refresh(&held).await {
                Ok(new) => new,
                Err(error) if error.code() == Some(&Code::InvalidRefreshToken) => {
                    // That the session has ended is what has to be told, whether the store forgets it or not.
                    let _ = self.forget().await;
                    return Renewed::SessionEnded;
                }
                Err(error) => return Renewed::Failed(Arc::new(error)),
            };
        }
        let stored = match &self.store {
            Some(store) => store.store(&held.tokens).await,
            None => Ok(()),
        };
        held.is_stored = stored.is_ok();
        match stored {
            Ok(()) => Renewed::To(Arc::new(held)),
            Err(cause) => Renewed::ButNotStored(Arc::new(held), cause.into()),
        }
    }

    /// The next pair. A refresh without an answer is repeated, soon enough to be answered the same.
    async fn refresh(&self, held: &HeldTokens) -> Result<HeldTokens, Error> {
        #[derive(Serialize)]
        struct Refresh<'a> {
            refresh_token: &'a Secret,
        }

        /// The service gives the same pair once more for ten seconds.
        const PATIENCE: Duration = Duration::from_secs(4);

        let body = Refresh { refresh_token: &held.tokens.refresh_token };
        let request = || self.service.auth(Method::POST, &["refresh"]).json(&body).timeout(PATIENCE);
        let asked_at = Instant::now();
        let answer = match Answer::to(request()).await {
            Err(Error::Unanswered(_)) => Answer::to(request()).await,
            answer => answer,
        };
        Ok(HeldTokens::granted(answer?.json()?, asked_at))
    }

    async fn forget(&self) -> Result<(), NotStored> {
        match &self.store {
            Some(store) => Ok(store.clear().await?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(expires_in: u64, ago: Duration) -> HeldTokens {
        let tokens = Tokens { access_token: "a".into(), refresh_token: "r".into() };
        let asked_at = Instant::now().checked_sub(ago).unwrap();
        HeldTokens::granted(Grant { tokens, expires_in }, asked_at)
    }

    #[test]
    fn tokens_are_stale_a_little_before_they_expire() {
        assert!(!granted(1800, Duration::from_secs(1780)).is_stale());
        assert!(granted(1800, Duration::from_secs(1790)).is_stale());
        assert!(!granted(10, Duration::from_secs(8)).is_stale(), "a short life has a short end");
        assert!(granted(10, Duration::from_secs(9)).is_stale());
        assert!(!granted(u64::MAX, Duration::ZERO).is_stale(), "some never are");
    }
}
