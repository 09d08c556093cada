use async_trait::async_trait;

use super::StorageError;
use crate::archive::{PageStart, Record, RecordKey, RecordKind};

/// Reads and writes everything that a store keeps, so that an installation can move to another store.
///
/// An archive is another view of the store behind the other ports: what these keep is in it, complete, and
/// what is written to it they keep. The roles that are [built in](crate::Role::all_built_in) are in it from the
/// start.
///
/// Proven by the cases `what_the_ports_keep_is_in_the_archive`, `what_is_written_serves` and
/// `the_built_in_roles_are_the_same_in_every_store`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InstallationArchive: Send + Sync {
    /// How many records of a kind there are.
    ///
    /// Proven by the case `records_are_counted`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn count(&self, kind: RecordKind) -> Result<u64, StorageError>;

    /// Up to `limit` records from `start` on, in the order of their [keys](Record::key).
    ///
    /// MUST find its first record by an index, and MUST give every record that is there all along in one
    /// page of those that follow each other, however many there are. Changes nothing.
    ///
    /// Proven by the cases `every_kind_comes_back_as_it_was_written`,
    /// `pages_follow_each_other_in_the_order_of_the_keys` and `a_page_begins_after_a_key_that_is_gone`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn read_page(&self, start: PageStart, limit: u32) -> Result<Vec<Record>, StorageError>;

    /// Stores records, and says how many of them were not there before.
    ///
    /// MUST store all of them or none. A record that is there already, equal, MUST stay as it is, and MUST
    /// never be overwritten by one that is not: that one is refused, and so are one that has the unique
    /// value of another (the address or username of a user, the name of a role, the digest of a secret, the id
    /// of a signing key, a mail like one that waits) and one that names a user or a role which is
    /// neither stored nor before it among `records`. What roles name may be [more](crate::Role::MAX_NAMED_OCTETS) than
    /// one that is made may add to.
    ///
    /// Proven by the cases `a_page_is_written_whole_or_not_at_all`, `writing_again_changes_nothing`,
    /// `raced_writers_store_each_record_once`, `a_record_with_other_content_is_refused`,
    /// `a_record_that_collides_is_refused`, `a_record_that_names_what_is_not_stored_is_refused` and
    /// `roles_that_name_too_much_are_kept_and_can_name_less`.
    ///
    /// # Errors
    ///
    /// See [`WritePageError`]: nothing is stored.
    async fn write_page(&self, records: Vec<Record>) -> Result<u32, WritePageError>;
}

/// Why records were not stored.
#[derive(Debug, thiserror::Error)]
pub enum WritePageError {
    /// One of them does not go with what is stored.
    #[error(transparent)]
    Refused(#[from] RefusedRecord),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A record that does not go with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {key} {refusal}")]
pub struct RefusedRecord {
    /// Of which kind it is.
    pub kind: RecordKind,
    /// Its key.
    pub key: RecordKey,
    /// What is wrong.
    pub refusal: RecordRefusal,
}

impl RefusedRecord {
    /// This record, refused.
    #[must_use]
    pub fn new(record: &Record, refusal: RecordRefusal) -> Self {
        Self { kind: record.kind(), key: record.key(), refusal }
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefusal {
    /// The one that is stored under its key is not equal.
    #[error("is stored with other content")]
    Differs,
    /// Another record has a value that must be unique.
    #[error("has a unique value that another one has")]
    Collides,
    /// It names a user or a role that is not stored.
    #[error("names a user or a role that is not stored")]
    Dangles,
}
