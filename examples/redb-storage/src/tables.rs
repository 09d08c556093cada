//! redb's tables, with the types that they hold.

use std::marker::PhantomData;
use std::ops::Bound;

use portcullis_domain::ports::StorageError;
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use crate::codec::{Stored, decode, encode};

/// Where values are kept by their keys.
pub(crate) struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

/// What redb knows of it.
type Octets = &'static [u8];

impl<K, V> Table<K, V> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    const fn definition(&self) -> TableDefinition<'static, Octets, Octets> {
        TableDefinition::new(self.name)
    }
}

/// A transaction that looks at tables.
pub(crate) trait Reads {
    type Opened<'t>: ReadableTable<Octets, Octets>
    where
        Self: 't;

    fn open<K, V>(&self, table: &Table<K, V>) -> Result<Self::Opened<'_>, StorageError>;

    /// What is kept under `key`.
    fn get<K: Stored, V: Stored>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StorageError> {
        let table = self.open(table)?;
        let found = table.get(encode(key).as_slice()).map_err(failed)?;
        found.map(|value| stored(value.value())).transpose()
    }

    /// All that are wanted, in the order of their keys.
    fn all<K: Stored, V: Stored>(
        &self,
        table: &Table<K, V>,
        is_wanted: impl FnMut(&V) -> bool,
    ) -> Result<Vec<V>, StorageError> {
        self.first(table, u32::MAX, is_wanted)
    }

    /// The first that are wanted, in the order of their keys.
    fn first<K: Stored, V: Stored>(
        &self,
        table: &Table<K, V>,
        limit: u32,
        is_wanted: impl FnMut(&V) -> bool,
    ) -> Result<Vec<V>, StorageError> {
        let table = self.open(table)?;
        let entries = table.range::<&[u8]>(..).map_err(failed)?;
        wanted(entries, limit, is_wanted)
    }

    /// The last that are wanted of those before `end`, the last one first.
    fn last<K: Stored, V: Stored>(
        &self,
        table: &Table<K, V>,
        end: Option<&K>,
        limit: u32,
        is_wanted: impl FnMut(&V) -> bool,
    ) -> Result<Vec<V>, StorageError> {
        let table = self.open(table)?;
        let end = end.map(encode);
        let before = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let entries = table.range::<&[u8]>((Bound::Unbounded, before)).map_err(failed)?;
        wanted(entries.rev(), limit, is_wanted)
    }

    /// Those whose keys begin with `start`.
    fn beginning_with<K: Stored, V: Stored>(
        &self,
        table: &Table<K, V>,
        start: &impl Stored,
    ) -> Result<Vec<V>, StorageError> {
        let table = self.open(table)?;
        let start = encode(start);
        let entries = table.range(start.as_slice()..).map_err(failed)?;
        let begins = |entry: &Entry<'_>| entry.as_ref().is_ok_and(|(key, _)| key.value().starts_with(&start));
        wanted(entries.take_while(begins), u32::MAX, |_| true)
    }
}

type Entry<'t> = Result<(redb::AccessGuard<'t, Octets>, redb::AccessGuard<'t, Octets>), redb::StorageError>;

fn wanted<'t, V: Stored>(
    entries: impl Iterator<Item = Entry<'t>>,
    limit: u32,
    mut is_wanted: impl FnMut(&V) -> bool,
) -> Result<Vec<V>, StorageError> {
    let values = entries.map(|entry| stored(entry.map_err(failed)?.1.value()));
    let values = values.filter(|value| value.as_ref().map_or(true, &mut is_wanted));
    values.take(limit.try_into().unwrap_or(usize::MAX)).collect()
}

fn stored<V: Stored>(octets: &[u8]) -> Result<V, StorageError> {
    decode(octets).ok_or_else(|| StorageError::broken("a record is not what was stored"))
}

impl Reads for ReadTransaction {
    type Opened<'t> = ReadOnlyTable<Octets, Octets>;

    fn open<K, V>(&self, table: &Table<K, V>) -> Result<Self::Opened<'_>, StorageError> {
        self.open_table(table.definition()).map_err(failed)
    }
}

impl Reads for WriteTransaction {
    type Opened<'t> = redb::Table<'t, Octets, Octets>;

    fn open<K, V>(&self, table: &Table<K, V>) -> Result<Self::Opened<'_>, StorageError> {
        self.open_table(table.definition()).map_err(failed)
    }
}

/// A transaction that changes tables.
pub(crate) trait Writes: Reads {
    /// Keeps `value` under `key`, in the place of what is there.
    fn put<K: Stored, V: Stored>(&self, table: &Table<K, V>, key: &K, value: &V) -> Result<(), StorageError>;

    /// Removes what is kept under `key`, and gives it.
    fn remove<K: Stored, V: Stored>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StorageError>;
}

impl Writes for WriteTransaction {
    fn put<K: Stored, V: Stored>(&self, table: &Table<K, V>, key: &K, value: &V) -> Result<(), StorageError> {
        let mut table = self.open(table)?;
        table.insert(encode(key).as_slice(), encode(value).as_slice()).map_err(failed)?;
        Ok(())
    }

    fn remove<K: Stored, V: Stored>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StorageError> {
        let mut table = self.open(table)?;
        let removed = table.remove(encode(key).as_slice()).map_err(failed)?;
        removed.map(|value| stored(value.value())).transpose()
    }
}

/// What no retry cures, unless it is the disk.
pub(crate) fn failed(error: impl Into<redb::Error>) -> StorageError {
    match error.into() {
        error @ redb::Error::Io(_) => StorageError::unavailable(error),
        error => StorageError::broken(error),
    }
}
