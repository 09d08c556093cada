//! Accounts in [redb](https://www.redb.org), an embedded store of keys and values: every storage port of Portcullis,
//! and the whole storage contract.
//!
//! - `codec` turns what is stored into octets and back;
//! - `tables` are redb's tables with the types that they hold;
//! - `records` are the tables there are, and what several ports look up or change in them;
//! - the other files are a port each.
//!
//! A step of a port is a transaction of redb. There is one writer at a time, so what a step looks at stays as it is
//! until it commits, and none of the races that the contract runs can be lost. Transactions block, so they run on
//! threads of their own, and go on to their end when nobody waits for them any more.

mod audit_trail;
mod codec;
#[cfg(test)]
mod contract;
mod lockout;
mod mail_queue;
mod records;
mod roles;
mod sessions;
mod signing_keys;
mod tables;
mod tokens;
mod user_administration;
mod users;

use std::path::Path;
use std::sync::Arc;

use portcullis_domain::ports::StorageError;
use redb::{Database, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use tokio::task::spawn_blocking;

use crate::tables::failed;

/// A store in one file. Clones share it.
///
/// It passes version 8 of the storage contract.
#[derive(Clone)]
pub struct RedbStore(Arc<Database>);

impl RedbStore {
    /// Opens the store at `path`, which is made first if it is not there.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when the file cannot be used, or another process has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let database = Database::create(path).map_err(failed)?;
        let transaction = database.begin_write().map_err(failed)?;
        records::prepare(&transaction)?;
        transaction.commit().map_err(failed)?;
        Ok(Self(Arc::new(database)))
    }

    /// Looks at the store as it is at one moment.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let database = Arc::clone(&self.0);
        let looking = spawn_blocking(move || look(&database.begin_read().map_err(failed)?));
        looking.await.map_err(StorageError::broken)?
    }

    /// Takes one step, whole or not at all: when it fails, nothing of it is stored.
    async fn write<T: Send + 'static>(
        &self,
        step: impl FnOnce(&WriteTransaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let database = Arc::clone(&self.0);
        let stepping = spawn_blocking(move || {
            let transaction = database.begin_write().map_err(failed)?;
            let outcome = step(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(outcome)
        });
        stepping.await.map_err(StorageError::broken)?
    }
}
