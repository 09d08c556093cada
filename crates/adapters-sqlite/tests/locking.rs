//! A database that others hold: operations wait, then say that the store is unavailable, then go on.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::ports::UserRepository as _;
use portcullis_testkit::fixtures::account;

const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_held_elsewhere_is_unavailable_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let options = SqliteOptions { busy_timeout: BUSY_TIMEOUT, ..SqliteOptions::new(&path) };
    let store = SqliteStore::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();

    let mut holder = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    holder.batch_execute("BEGIN EXCLUSIVE").unwrap();

    let began = Instant::now();
    let bob = account("bob@example.com");
    let refused: Vec<_> = (0..100)
        .map(|_| {
            let (store, bob) = (store.clone(), bob.clone());
            tokio::spawn(async move { store.register(bob).await })
        })
        .collect();
    for registration in refused {
        let error = registration.await.unwrap().expect_err("nobody can write");
        assert!(error.is_unavailable(), "{error:?}");
    }
    assert!(began.elapsed() > BUSY_TIMEOUT, "each one waits for the lock");
    assert!(began.elapsed() < 20 * BUSY_TIMEOUT, "but not for all before it");
    let pinged = store.ping().await.expect_err("a store that cannot write is not well");
    assert!(pinged.is_unavailable(), "{pinged:?}");
    let found = store.find_by_id(ada.user.id).await.expect("reading goes on");
    assert!(found.is_some());

    holder.batch_execute("ROLLBACK").unwrap();
    store.ping().await.unwrap();
    store.register(bob.clone()).await.expect("a released store takes writes again");
    assert!(store.find_by_id(bob.user.id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_for_a_lock_that_is_held_briefly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store = SqliteStore::open(&SqliteOptions::new(&path)).await.unwrap();
    store.migrate().await.unwrap();

    let mut holder = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn(async move { store.register(account("ada@example.com")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished(), "it waits");
    holder.batch_execute("COMMIT").unwrap();
    waiting.await.unwrap().expect("it had its turn");
}
