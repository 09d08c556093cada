//! The storage contract, that of steps that fail half-way and that of archives, on a database of its own for each
//! case, with two stores on it for the races.

mod back_door;
mod faults;
mod imports;

use std::sync::Arc;
use std::time::Duration;

use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_testkit::Storage;
use portcullis_testkit::contract::faults::FaultSetup;
use portcullis_testkit::contract::installation_archive::ArchiveSetup;
use portcullis_throwaway_postgres::{Database, Template};

use self::back_door::PostgresBackDoor;
use self::faults::PostgresFaults;

static TEMPLATE: Template = Template::new(|url| {
    Box::pin(async move {
        connect(&url).await.migrate().await.expect("the migrations apply");
    })
});

async fn fresh_storage() -> Storage {
    let database = Arc::new(TEMPLATE.database().await);
    let second = storage(&database, None).await;
    storage(&database, Some(Box::new(second))).await
}

async fn fresh_faults() -> FaultSetup {
    let database = Arc::new(TEMPLATE.database().await);
    let storage = storage(&database, None).await;
    FaultSetup { storage, faults: Arc::new(PostgresFaults(database)) }
}

async fn fresh_archive() -> ArchiveSetup {
    let database = Arc::new(TEMPLATE.database().await);
    let archive = Arc::new(connect(&database.url()).await);
    let second = Arc::new(connect(&database.url()).await);
    ArchiveSetup { archive, second: Some(second), storage: storage(&database, None).await }
}

async fn connect(url: &str) -> PostgresStore {
    let url = PostgresUrl::parse(url).expect("the server's URL is one that the store reads");
    // Fifty callers at once, on a machine that has other things to do as well.
    let options = PostgresOptions { patience: Duration::from_secs(20), ..PostgresOptions::new(url) };
    PostgresStore::connect(&options).await.expect("the server is there")
}

async fn storage(database: &Arc<Database>, second: Option<Box<Storage>>) -> Storage {
    let store = Arc::new(connect(&database.url()).await);
    Storage {
        users: store.clone(),
        administration: store.clone(),
        roles: store.clone(),
        sessions: store.clone(),
        tokens: store.clone(),
        lockouts: store.clone(),
        mails: store.clone(),
        audit_trail: store.clone(),
        signing_keys: store,
        back_door: Arc::new(PostgresBackDoor(Arc::clone(database))),
        second,
        guard: Arc::clone(database) as _,
    }
}

portcullis_testkit::storage_contract!(fresh_storage().await);

portcullis_testkit::fault_contract!(fresh_faults().await);

portcullis_testkit::archive_contract!(fresh_archive().await);
