//! Standard output: what a command was asked for, and nothing else.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

/// Writes `text` and the end of its last line.
///
/// # Errors
///
/// When it cannot be written, unless because its reader has gone, who then has seen enough.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes `value` as JSON for programs.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}
