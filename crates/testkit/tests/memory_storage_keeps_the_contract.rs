//! The storage in memory is held to what every storage adapter is held to.

use portcullis_testkit::{MemoryStorage, Storage, storage_contract};

storage_contract!(Storage::from(MemoryStorage::default()));
