//! The storage contract, that of steps that fail half-way and that of archives, on a file of its own for each case, with two stores on it for
//! the races.

mod back_door;
mod faults;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_testkit::Storage;
use portcullis_testkit::contract::faults::FaultSetup;
use portcullis_testkit::contract::installation_archive::ArchiveSetup;
use tempfile::TempDir;

use self::back_door::SqliteBackDoor;
use self::faults::SqliteFaults;

/// Two stores on one new file with all tables.
struct Stores {
    first: SqliteStore,
    second: SqliteStore,
    folder: TempDir,
}

impl Stores {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = path_in(&folder);
        // Fifty callers at once, on a machine that has other things to do as well.
        let options = SqliteOptions { busy_timeout: Duration::from_secs(20), ..SqliteOptions::new(&path) };
        let open = async || SqliteStore::open(&options).await.expect("the database opens");
        let first = open().await;
        first.migrate().await.expect("the migrations apply");
        Self { first, second: open().await, folder }
    }

    fn into_storage(self) -> Storage {
        let Self { first, second, folder } = self;
        let path = path_in(&folder);
        let guard = Arc::new(folder);
        let second = storage(second, &path, Arc::clone(&guard), None);
        storage(first, &path, guard, Some(Box::new(second)))
    }

    fn into_faults(self) -> FaultSetup {
        let faults = Arc::new(SqliteFaults::connect(&path_in(&self.folder)));
        FaultSetup { storage: self.into_storage(), faults }
    }

    fn into_archive(self) -> ArchiveSetup {
        let (archive, second) = (Arc::new(self.first.clone()), Arc::new(self.second.clone()));
        ArchiveSetup { archive, second: Some(second), storage: self.into_storage() }
    }
}

fn path_in(folder: &TempDir) -> PathBuf {
    folder.path().join("portcullis.db")
}

fn storage(store: SqliteStore, path: &Path, guard: Arc<TempDir>, second: Option<Box<Storage>>) -> Storage {
    let store = Arc::new(store);
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
        back_door: Arc::new(SqliteBackDoor::connect(path)),
        second,
        guard,
    }
}

portcullis_testkit::storage_contract!(Stores::open().await.into_storage());

portcullis_testkit::fault_contract!(Stores::open().await.into_faults());

portcullis_testkit::archive_contract!(Stores::open().await.into_archive());
