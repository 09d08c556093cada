//! Files of accounts, to bring them in from elsewhere and to take them there: JSON Lines, or CSV with a head.
//!
//! Both have the same fields, those of [`AccountRecord`].

mod reader;
mod record;
mod rows;
mod writer;

use std::path::Path;

pub use reader::{AccountFileError, AccountReader, Line};
pub use record::{AccountRecord, Unusable};
pub use writer::AccountWriter;

/// How accounts are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountFormat {
    /// A JSON object a line.
    JsonLines,
    /// Comma-separated values under a line with the names of the fields.
    Csv,
}

impl AccountFormat {
    /// What the name of a file ends in; none when that tells nothing.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}
