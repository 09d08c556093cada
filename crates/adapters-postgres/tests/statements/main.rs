//! What the ports' methods ask of PostgreSQL: how many round trips each one takes, that every statement is
//! prepared once for a connection, that it finds its rows by an index, and that it needs no more rights than
//! it is said to.

mod every_method;
mod plans;
mod rights;
mod round_trips;

use std::num::NonZeroUsize;
use std::time::Duration;

use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_throwaway_postgres::Template;
use tokio::sync::Mutex;

/// Diesel tells of its statements for the whole process: where one test listens, the others are silent.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

static TEMPLATE: Template = Template::new(|url| {
    Box::pin(async move {
        connect(&url).await.migrate().await.expect("the migrations apply");
    })
});

/// A store with one connection, since what a second one prepared would look like a repetition, and with time
/// for a machine that has other things to do.
async fn connect(url: &str) -> PostgresStore {
    let url = PostgresUrl::parse(url).expect("the server's URL is one that the store reads");
    let (connections, patience) = (NonZeroUsize::MIN, Duration::from_secs(20));
    let options = PostgresOptions { connections, patience, ..PostgresOptions::new(url) };
    PostgresStore::connect(&options).await.expect("the server is there")
}
