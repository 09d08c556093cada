//! A store that is measured is held to what every storage adapter is held to.

use std::sync::Arc;

use portcullis_telemetry::{MeasuredStore, Metrics};
use portcullis_testkit::{MemoryStorage, Storage, storage_contract};

fn measured() -> Storage {
    let store = MemoryStorage::default();
    let measured = Arc::new(MeasuredStore::new(Arc::new(store.clone()), &Metrics::new("0")));
    Storage {
        users: measured.clone(),
        administration: measured.clone(),
        roles: measured.clone(),
        sessions: measured.clone(),
        tokens: measured.clone(),
        lockouts: measured.clone(),
        mails: measured.clone(),
        audit_trail: measured.clone(),
        signing_keys: measured,
        ..Storage::from(store)
    }
}

storage_contract!(measured());
