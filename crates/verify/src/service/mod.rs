//! The service under examination, as a client sees it that waits when it is told to.

mod allowances;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use self::allowances::Allowances;
use crate::answer::Answer;

/// A service at a URL.
pub(crate) struct Service {
    base: Url,
    client: Client,
    pacing: Mutex<Pacing>,
}

/// What is known of how much the service takes, and how long was waited for it.
struct Pacing {
    allowances: Allowances,
    waited: Duration,
    patience: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    #[error("{call}: {}", with_causes(source))]
    Unanswered { call: String, source: reqwest::Error },
    #[error("{call} is limited, and all of the {} s are spent that may be waited for limits", .patience.as_secs())]
    OutOfPatience { call: String, patience: Duration },
    #[error("{call} is limited to fewer than two at once, so that nobody races")]
    NoRace { call: String },
}

/// The answers to a call that many made at once.
pub(crate) struct Race {
    /// Of those that were let in.
    pub(crate) answers: Vec<Answer>,
    /// Which caller was the first that succeeded.
    pub(crate) winner: Option<usize>,
    /// How many were kept out by limits of rates before they took part.
    pub(crate) kept_out: usize,
}

impl Race {
    /// Who raced, in words.
    pub(crate) fn racers(&self) -> String {
        let racers = format!("{} at once", self.answers.len());
        match self.kept_out {
            0 => racers,
            kept_out => format!("{racers} ({kept_out} more kept out by rate limits)"),
        }
    }
}

impl Service {
    /// Waits `patience` altogether for limits to pass.
    pub(crate) fn new(base: &Url, patience: Duration) -> reqwest::Result<Self> {
        let mut base = base.clone();
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("portcullis-verify/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let pacing = Pacing { allowances: Allowances::default(), waited: Duration::ZERO, patience };
        Ok(Self { base, client, pacing: Mutex::new(pacing) })
    }

    /// The address of a path of the service.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request to a place that the service named, such as a page of the application's own.
    pub(crate) fn request_elsewhere(&self, method: Method, url: &Url) -> RequestBuilder {
        self.client.request(method, url.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, ServiceError> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_as(&self, access_token: &str, path: &str) -> Result<Answer, ServiceError> {
        self.send(self.request(Method::GET, path).bearer_auth(access_token)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Answer, ServiceError> {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn post_as(
        &self,
        access_token: &str,
        path: &str,
        body: Value,
    ) -> Result<Answer, ServiceError> {
        self.call_as(access_token, Method::POST, path, body).await
    }

    pub(crate) async fn call_as(
        &self,
        access_token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Answer, ServiceError> {
        self.send(self.request(method, path).bearer_auth(access_token).json(&body)).await
    }

    /// Sends a request, and again when the answer is to come back later.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, ServiceError> {
        /// Where the service does not say when.
        const USUAL_WAIT: Duration = Duration::from_secs(1);
        loop {
            let again = request.try_clone().expect("bodies are in memory");
            let answer = self.exchange(again).await?;
            if !answer.is_passing() {
                return Ok(answer);
            }
            // Whole seconds are rounded up by who tells them, but clocks differ.
            let wait = answer.retry_after().unwrap_or(USUAL_WAIT).max(Duration::from_millis(100));
            self.wait(&answer.call, wait).await?;
        }
    }

    /// Sends the request that `nth` makes for each of so many callers at once, when limits leave room for
    /// as many as they ever do. Those that are limited all the same took no part.
    pub(crate) async fn race(
        &self,
        callers: usize,
        nth: impl Fn(usize) -> RequestBuilder,
    ) -> Result<Race, ServiceError> {
        let first = nth(0).build().expect("requests are well formed");
        let room_in = self.pacing().allowances.room_in(first.method(), first.url().path(), callers);
        if !room_in.is_zero() {
            self.wait(&call_of(&first), room_in).await?;
        }
        let answers = join_all((0..callers).map(|number| self.exchange(nth(number)))).await;
        let answers: Vec<_> = answers.into_iter().collect::<Result<_, _>>()?;
        let winner = answers.iter().position(Answer::is_success);
        let (kept_out, answers): (Vec<_>, Vec<_>) = answers.into_iter().partition(Answer::is_passing);
        if answers.len() < 2 {
            return Err(ServiceError::NoRace { call: call_of(&first) });
        }
        Ok(Race { answers, winner, kept_out: kept_out.len() })
    }

    /// Sends a request once, whatever the answer is.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> Result<Answer, ServiceError> {
        let request = request.build().expect("requests are well formed");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let call = call_of(&request);
        let unanswered = |source: reqwest::Error| ServiceError::Unanswered {
            call: call.clone(),
            source: source.without_url(),
        };
        let begin = Instant::now();
        let response = self.client.execute(request).await.map_err(unanswered)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(unanswered)?;
        let answer = Answer { call, status, headers, text, took: begin.elapsed() };
        self.pacing().allowances.learn(&method, &path, &answer);
        Ok(answer)
    }

    /// From now on waits so long altogether, however much of the patience is spent.
    pub(crate) fn be_patient_for(&self, time: Duration) {
        let mut pacing = self.pacing();
        pacing.patience = pacing.waited + time;
    }

    /// How long was waited for limits so far.
    pub(crate) fn waited(&self) -> Duration {
        self.pacing().waited
    }

    async fn wait(&self, call: &str, time: Duration) -> Result<(), ServiceError> {
        {
            let mut pacing = self.pacing();
            if pacing.waited + time > pacing.patience {
                return Err(ServiceError::OutOfPatience { call: call.to_owned(), patience: pacing.patience });
            }
            pacing.waited += time;
        }
        tokio::time::sleep(time).await;
        Ok(())
    }

    fn pacing(&self) -> MutexGuard<'_, Pacing> {
        self.pacing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Method and path, without a secret that ends the path.
fn call_of(request: &reqwest::Request) -> String {
    let path = request.url().path();
    let path = match path.split_once("/verify-email/") {
        Some((before, _)) => format!("{before}/verify-email/…"),
        None => path.to_owned(),
    };
    format!("{} {path}", request.method())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}
