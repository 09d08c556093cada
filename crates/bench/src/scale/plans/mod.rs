//! How the databases find what the calls ask for, among many users.

use std::collections::BTreeSet;

pub(super) mod postgres;
pub(super) mod sqlite;

/// Names as a table has them.
fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}
