use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Record;

/// SHA-256 over records in the order of their keys: the same wherever the same records are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum([u8; 32]);

/// In hexadecimal digits.
impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(formatter, "{octet:02x}"))
    }
}

/// What there is of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many records.
    pub count: u64,
    /// Over all of them.
    pub checksum: Checksum,
}

/// A [`Tally`] that is not finished.
#[derive(Clone, Debug, Default)]
pub struct TallyInProgress {
    count: u64,
    octets: Sha256,
}

impl TallyInProgress {
    /// Adds the next record in the order of the keys.
    pub fn add(&mut self, record: &Record) {
        let encoded = record.encoded();
        self.count += 1;
        // With its length, so that where a record ends counts too.
        self.octets.update((encoded.len() as u64).to_be_bytes());
        self.octets.update(&*encoded);
    }

    /// What was added.
    #[must_use]
    pub fn finish(self) -> Tally {
        Tally { count: self.count, checksum: Checksum(self.octets.finalize().into()) }
    }
}
