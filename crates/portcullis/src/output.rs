//! Standard output: what a command was asked for, and nothing else.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Write as _};
use std::ops::ControlFlow;

use serde::Serialize;

use crate::cli::OutputFormat;

/// Writes `text` and the end of its last line.
///
/// # Errors
///
/// When it cannot be written, unless because its reader has gone, who then has seen enough.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_part(text).map(drop)
}

/// Writes `value` as JSON for programs.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Writes as [`print()`] does, and breaks when the reader has gone.
fn print_part(text: &str) -> io::Result<ControlFlow<()>> {
    let mut stdout = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(error),
    }
}

/// A list of any length, printed page by page: a line for each item, under a head for people, within a
/// JSON array for programs.
pub(crate) struct Listing {
    json: bool,
    has_items: bool,
}

impl Listing {
    /// Prints what comes first.
    ///
    /// # Errors
    ///
    /// As [`print()`].
    pub(crate) fn begin(format: OutputFormat, head: &str) -> io::Result<Self> {
        print(if format.json { "[" } else { head })?;
        Ok(Self { json: format.json, has_items: false })
    }

    /// Prints a page of items, and breaks when the reader has gone: there is no use for more.
    ///
    /// # Errors
    ///
    /// As [`print()`].
    pub(crate) fn print_page<T: Display + Serialize>(&mut self, items: &[T]) -> io::Result<ControlFlow<()>> {
        if items.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut page = String::new();
        for item in items {
            if self.json {
                page.push_str(if self.has_items { "," } else { " " });
                page.push_str(&serde_json::to_string(item)?);
                page.push('\n');
            } else {
                writeln!(page, "{item}").expect("a string takes all");
            }
            self.has_items = true;
        }
        print_part(&page)
    }

    /// Prints what comes last.
    ///
    /// # Errors
    ///
    /// As [`print()`].
    pub(crate) fn end(self) -> io::Result<()> {
        if self.json { print("]") } else { Ok(()) }
    }
}
