//! Connections to the database, their settings, and the pool that keeps them.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{Hook, HookError};
use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use portcullis_domain::with_causes;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode as Tls, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::errors::OpenError;
use crate::postgres_url::{Host, PostgresUrl, SslMode};
use crate::tls;

/// Makes connections.
pub(crate) struct Connector {
    servers: Vec<Server>,
    /// The index of the server that is asked first: the one that answered last, or comes after one that
    /// did not.
    first: AtomicUsize,
    /// How long a server may take.
    limit: Duration,
    tls: MakeRustlsConnect,
    settings: String,
}

struct Server {
    host: Host,
    config: Config,
}

impl Connector {
    /// Makes connections whose statements the server gives up a little before `patience` is over.
    pub(crate) fn new(url: &PostgresUrl, patience: Duration) -> Result<Self, OpenError> {
        Ok(Self {
            servers: url.hosts.iter().map(|host| Server::new(host.clone(), url)).collect(),
            first: AtomicUsize::new(0),
            limit: url.connect_timeout,
            tls: tls::connector(url)?,
            settings: settings(patience),
        })
    }

    /// Connects to the first server that will do. The connection lives on the runtime that this is called
    /// on.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, OpenError> {
        let count = self.servers.len();
        let mut index = self.first.load(Ordering::Relaxed);
        for attempt in 1.. {
            let next = (index + 1) % count;
            // Noted at once: nobody may be waiting any more when the server has used up its time.
            self.first.store(next, Ordering::Relaxed);
            match self.connect_to(&self.servers[index]).await {
                Err(_) if attempt < count => index = next,
                outcome => {
                    if outcome.is_ok() {
                        self.first.store(index, Ordering::Relaxed);
                    }
                    return outcome;
                }
            }
        }
        unreachable!("the last server's outcome is the outcome")
    }

    async fn connect_to(&self, server: &Server) -> Result<AsyncPgConnection, OpenError> {
        let unreachable = |source| OpenError::Unreachable { server: server.host.to_string(), source };
        timeout(self.limit, async {
            let failed = |error| OpenError::of_attempt(server.host.to_string(), error);
            let (client, mut connection) = server.config.connect(self.tls.clone()).await.map_err(failed)?;
            // Before diesel has them: it hands errors on without their codes.
            match select(client.batch_execute(&self.settings).boxed(), &mut connection).await {
                Either::Left((settled, _)) => settled.map_err(failed)?,
                Either::Right((ended, _)) => {
                    ended.map_err(failed)?;
                    return Err(unreachable("it closed the connection".into()));
                }
            }
            let connected = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
            connected.map_err(|error| unreachable(error.into()))
        })
        .await
        .unwrap_or_else(|elapsed| Err(unreachable(elapsed.into())))
    }
}

impl Server {
    fn new(host: Host, url: &PostgresUrl) -> Self {
        let mut config = Config::new();
        config
            .user(&url.user)
            .dbname(&url.database)
            .application_name(&url.application_name)
            .port(host.port)
            .ssl_mode(match url.ssl_mode {
                SslMode::Disable => Tls::Disable,
                _ if host.is_socket() => Tls::Disable,
                SslMode::Prefer => Tls::Prefer,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Tls::Require,
            })
            // A peer that vanished without a word is found out within a minute.
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
        if let Some(password) = &url.password {
            config.password(password.as_bytes());
        }
        if host.is_socket() {
            config.host_path(&host.name);
        } else {
            config.host(&host.name);
        }
        if url.must_write {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Self { host, config }
    }
}

/// What is asked of the server for a session.
///
/// They are the first statement and not parameters of the connection, because `PgBouncer` refuses
/// most of those. Behind a pooler that hands each transaction to another server they reach one server each time,
/// which is why operators give them to the role as well.
///
/// Compiling a statement, or starting workers for it, takes longer than any of these takes to run: many rows make the
/// planner want to.
///
/// Messages are asked for in English where they are not: nothing else that diesel hands on tells a
/// time-out from a mistake.
fn settings(patience: Duration) -> String {
    let statement = (patience * 3 / 4).as_millis();
    let lock = (patience * 5 / 8).as_millis();
    let idle = (patience * 2).as_millis();
    format!(
        "SET statement_timeout = {statement};
         SET lock_timeout = {lock};
         SET idle_in_transaction_session_timeout = {idle};
         SET default_transaction_isolation = 'read committed';
         SET jit = off;
         SET max_parallel_workers_per_gather = 0;
         SELECT set_config('lc_messages', 'C', FALSE)
         WHERE current_setting('lc_messages') !~* '^(c$|c\\.|posix|en)'"
    )
}

pub(crate) type ConnectionPool = Pool<AsyncPgConnection>;

/// So long may an instance go on talking to a server after a name has come to mean another.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_mins(10);

/// A pool of up to `size` connections, made when they are first needed.
pub(crate) fn pool(connector: Arc<Connector>, size: usize) -> ConnectionPool {
    let mut config = ManagerConfig::default();
    // A connection that was lost is known to be without asking the server.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let connector = Arc::clone(&connector);
        Box::pin(async move {
            // diesel keeps no more than a text of it.
            connector.connect().await.map_err(|error| ConnectionError::BadConnection(with_causes(&error)))
        })
    });
    let too_old = Hook::sync_fn(|_, metrics| {
        if metrics.age() < LONGEST_LIFE { Ok(()) } else { Err(HookError::message("its time is over")) }
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
        .max_size(size)
        .pre_recycle(too_old)
        .build()
        .expect("a pool without timeouts needs no runtime")
}

/// A connection of the pool. Unless it is given back it is closed: who was interrupted leaves nobody a
/// connection with a statement that still runs, or a transaction that is still open.
pub(crate) struct Lent(Option<Object<AsyncPgConnection>>);

impl Lent {
    pub(crate) fn new(connection: Object<AsyncPgConnection>) -> Self {
        Self(Some(connection))
    }

    pub(crate) fn give_back(mut self) {
        self.0 = None;
    }
}

impl Deref for Lent {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_ref().expect("it is there until it is given back")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
