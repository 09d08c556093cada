//! The server that all tests of a process share.

use std::env;

use tokio::sync::OnceCell;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::cluster::Cluster;
use crate::time_to_connect::with_time_to_connect;

/// A server to make databases on: a [`Cluster`], or one that somebody else runs.
pub struct Server {
    url: String,
    cluster: Option<Cluster>,
}

impl Server {
    /// The one that all tests of this process share: the one that `PORTCULLIS_TEST_DATABASE_URL` names, or
    /// else a cluster that is started when it is first asked for.
    ///
    /// # Panics
    ///
    /// Where there is none, with what to do about it: a test that cannot run has failed.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED
            .get_or_init(async || {
                if let Ok(url) = env::var("PORTCULLIS_TEST_DATABASE_URL") {
                    return Self { url: with_time_to_connect(&url), cluster: None };
                }
                let started = tokio::task::spawn_blocking(Cluster::start).await;
                let cluster = started.expect("starting does not panic");
                let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
                Self { url: with_time_to_connect(&cluster.url("postgres")), cluster: Some(cluster) }
            })
            .await
    }

    /// The URL of a database on it, [with time to connect](with_time_to_connect).
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (place, parameters) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (server, _) = place.rsplit_once('/').unwrap_or((place, ""));
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("{server}/{database}{mark}{parameters}")
    }

    /// Whether it is gone with the tests.
    pub(crate) fn is_throwaway(&self) -> bool {
        self.cluster.is_some()
    }

    /// Ends every connection to a database, as an operator would.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn terminate_connections(&self, database: &str) {
        self.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        ))
        .await;
    }

    /// Runs statements as whoever may create databases, and gives the first column of what they return.
    ///
    /// # Panics
    ///
    /// When the server refuses one.
    pub(crate) async fn run(&self, statements: &str) -> Vec<String> {
        run(&self.url, statements).await
    }
}

/// Runs statements on a connection of their own, and gives the first column of what they return.
///
/// # Panics
///
/// When the server refuses one.
pub async fn run(url: &str, statements: &str) -> Vec<String> {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) =
        connected.unwrap_or_else(|error| panic!("no connection for {statements}: {error}"));
    let driver = tokio::spawn(connection);
    let answered = client.simple_query(statements).await;
    let messages = answered.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    drop(client);
    driver.await.expect("the driver does not panic").expect("the connection ends in good order");
    let first = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    messages.iter().filter_map(first).collect()
}
