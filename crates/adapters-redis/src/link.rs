//! The connection to the server, kept by a task of its own, so that no call has to wait for a new one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use portcullis_http_actix::{Allowance, Caller, Rate, RouteGroup};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, Script, ScriptInvocation};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::{RedisOptions, RedisUrl};

/// How much longer than a call a new connection may take, with all that it takes to know that it is of use.
const LONGER_AT_FIRST: u32 = 10;

/// How long to wait before the server is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// What is counted to find out whether the server counts.
const TRIAL_KEY: &str = "portcullis:rate:trial";

/// A connection that comes and goes with the server.
pub(crate) struct Link {
    live: Arc<watch::Sender<Option<Live>>>,
    counter: Counter,
    keeper: JoinHandle<()>,
}

/// A connection that has answered last time.
#[derive(Clone)]
struct Live {
    /// Tells it from those before and after.
    number: u64,
    connection: MultiplexedConnection,
}

/// Why a connection is of no use.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Refused(#[from] RedisError),
    #[error("no answer in time")]
    Silent,
}

impl Link {
    pub(crate) async fn open(options: &RedisOptions) -> Self {
        let RedisOptions { url, patience } = options.clone();
        let live = Arc::new(watch::Sender::new(None));
        let counter = Counter {
            count: Arc::new(Script::new(include_str!("count.lua"))),
            give_back: Arc::new(Script::new(include_str!("give_back.lua"))),
            patience,
        };
        let mut keeper = Keeper { url, live: Arc::clone(&live), counter: counter.clone(), connections: 0 };
        match keeper.connect().await {
            Ok(()) => tracing::info!("rate limits are shared through Redis"),
            Err(trouble) => tell_of(&trouble),
        }
        Self { live, counter, keeper: tokio::spawn(keeper.run()) }
    }

    /// Whether the server answered last time.
    pub(crate) fn is_live(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// Counts a call at the server; none when it does not answer.
    pub(crate) async fn count(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Option<Allowance> {
        let Live { number, mut connection } = self.live.borrow().clone()?;
        let counted = self.counter.count(&mut connection, &key(caller, group), rate).await;
        self.unless_in_trouble(number, counted)
    }

    /// Takes back a call that was counted at the server; none when it does not answer.
    pub(crate) async fn give_back(&self, caller: Caller, group: RouteGroup, rate: Rate) -> Option<()> {
        let Live { number, mut connection } = self.live.borrow().clone()?;
        let given_back = self.counter.give_back(&mut connection, &key(caller, group), rate).await;
        self.unless_in_trouble(number, given_back)
    }

    fn unless_in_trouble<T>(&self, number: u64, answer: Result<T, Trouble>) -> Option<T> {
        answer.inspect_err(|trouble| self.give_up(number, trouble)).ok()
    }

    /// Lets nobody else wait for a connection, and says so if nobody did before.
    fn give_up(&self, number: u64, trouble: &Trouble) {
        let gave_up = self.live.send_if_modified(|live| live.take_if(|live| live.number == number).is_some());
        if gave_up {
            tell_of(trouble);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Where calls are counted.
fn key(caller: Caller, group: RouteGroup) -> String {
    format!("portcullis:rate:{group}:{caller}")
}

fn tell_of(trouble: &Trouble) {
    tracing::warn!(%trouble, "Redis does not count calls: each instance limits rates by itself meanwhile");
}

/// How a call is counted, and taken back.
#[derive(Clone)]
struct Counter {
    count: Arc<Script>,
    give_back: Arc<Script>,
    /// How long the server may take.
    patience: Duration,
}

impl Counter {
    async fn count(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        rate: Rate,
    ) -> Result<Allowance, Trouble> {
        let mut invocation = self.count.key(key);
        invocation.arg(microseconds(rate.share())).arg(microseconds(rate.period));
        let (is_admitted, debt) = self.ask(&invocation, connection).await?;
        let debt = Duration::from_micros(debt);
        Ok(if is_admitted {
            Allowance::after_admission(rate, debt)
        } else {
            Allowance::after_refusal(rate, debt)
        })
    }

    async fn give_back(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        rate: Rate,
    ) -> Result<(), Trouble> {
        let mut invocation = self.give_back.key(key);
        invocation.arg(microseconds(rate.share()));
        self.ask(&invocation, connection).await
    }

    /// What a script answers, unless the server takes too long.
    async fn ask<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
        connection: &mut MultiplexedConnection,
    ) -> Result<T, Trouble> {
        let answer = timeout(self.patience, invocation.invoke_async(connection));
        Ok(answer.await.map_err(|_| Trouble::Silent)??)
    }
}

/// At least one, so that every call counts for something.
fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// Sees to it that there is a connection whenever there can be one.
struct Keeper {
    url: RedisUrl,
    live: Arc<watch::Sender<Option<Live>>>,
    counter: Counter,
    connections: u64,
}

impl Keeper {
    async fn run(mut self) {
        let mut seen = self.live.subscribe();
        loop {
            // The sender is held here, so it does not go away.
            let _ = seen.wait_for(Option::is_none).await;
            sleep(PAUSE).await;
            if self.connect().await.is_ok() {
                tracing::info!("Redis counts calls again: rate limits are shared");
            }
        }
    }

    /// Makes a connection, and lets calls have it once it has shown that it counts.
    async fn connect(&mut self) -> Result<(), Trouble> {
        let limit = self.counter.patience * LONGER_AT_FIRST;
        let connection = timeout(limit, self.try_out()).await.map_err(|_| Trouble::Silent)??;
        self.connections += 1;
        self.live.send_replace(Some(Live { number: self.connections, connection }));
        Ok(())
    }

    async fn try_out(&self) -> Result<MultiplexedConnection, Trouble> {
        let client = Client::open(self.url.connection_info())?;
        // Calls have a limit of their own.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        self.counter.count.load_async(&mut connection).await?;
        self.counter.give_back.load_async(&mut connection).await?;
        let trial = Rate { calls: NonZeroU32::MIN, period: Duration::from_micros(1) };
        self.counter.count(&mut connection, TRIAL_KEY, trial).await?;
        Ok(connection)
    }
}
