//! The storage in memory is held to what every store is held to that installations are copied from or to.

use std::sync::Arc;

use portcullis_testkit::contract::installation_archive::ArchiveSetup;
use portcullis_testkit::{MemoryStorage, archive_contract};

archive_contract!(setup());

fn setup() -> ArchiveSetup {
    let store = MemoryStorage::default();
    ArchiveSetup { archive: Arc::new(store.clone()), second: None, storage: store.into() }
}
