//! The storage contract, on a file of its own for each case, with two stores on it for the races.

mod operator;

use std::path::Path;
use std::sync::Arc;

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_testkit::Storage;

use self::operator::SqliteOperator;

async fn fresh_storage() -> Storage {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("portcullis.db");
    let first = open(&path).await;
    first.migrate().await.expect("the migrations apply");
    let second = open(&path).await;
    let guard = Arc::new(folder);
    let second = storage(second, &path, Arc::clone(&guard), None);
    storage(first, &path, guard, Some(Box::new(second)))
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(&SqliteOptions::new(path)).await.expect("the database opens")
}

fn storage(
    store: SqliteStore,
    path: &Path,
    guard: Arc<tempfile::TempDir>,
    second: Option<Box<Storage>>,
) -> Storage {
    let store = Arc::new(store);
    Storage {
        users: store.clone(),
        sessions: store.clone(),
        tokens: store.clone(),
        lockout: store.clone(),
        mails: store.clone(),
        signing_keys: store,
        operator: Arc::new(SqliteOperator::connect(path)),
        second,
        guard,
    }
}

portcullis_testkit::storage_contract!(fresh_storage().await);
