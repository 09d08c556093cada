//! Logs: one record a line, on standard error.

use std::io::{self, IsTerminal as _, Stderr, Write};
use std::panic::{self, PanicHookInfo};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, FilterFn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::{Config, LogFormat};

/// Starts to log as `config` says, panics too. Does nothing when the process logs already.
pub(crate) fn start(config: &Config) {
    let on_terminal = io::stderr().is_terminal();
    let usual = if on_terminal { LogFormat::Pretty } else { LogFormat::Json };
    let layer = fmt::layer();
    let layer = match config.log_format.unwrap_or(usual) {
        LogFormat::Pretty => layer.with_writer(OneLineEach).with_ansi(on_terminal).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_writer(io::stderr).boxed(),
    };
    let filter = EnvFilter::new(&config.log).and(FilterFn::new(is_no_chatter));
    if tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
}

/// actix tells at `info` what it does to its threads, and at `error` that a client sent something that is
/// no HTTP: whoever can connect could fill the log with it.
fn is_no_chatter(record: &Metadata<'_>) -> bool {
    let is_of = |target| record.target().starts_with(target);
    !(is_of("actix_server") && *record.level() == Level::INFO || is_of("actix_http::h1::dispatcher"))
}

/// Says where, not what: the message may quote what the code was working on.
fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(place = panic.location().map(ToString::to_string), "a defect: the program panicked");
}

/// Keeps a record on one line whatever was logged: the line breaks within it are written as `\n`.
struct OneLineEach;

impl MakeWriter<'_> for OneLineEach {
    type Writer = OneLine<Stderr>;

    fn make_writer(&self) -> OneLine<Stderr> {
        OneLine(io::stderr())
    }
}

/// Takes one record at a call, with the line break at its end, as the formatter hands it over.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let (line, end) = match record {
            [line @ .., b'\n'] => (line, "\n"),
            line => (line, ""),
        };
        let escaped = String::from_utf8_lossy(line).replace('\n', "\\n").replace('\r', "\\r") + end;
        self.0.write_all(escaped.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_on_its_line() {
        let mut written = Vec::new();
        OneLine(&mut written).write_all(b"user_agent=a\r\n2026 ERROR forged\n").unwrap();
        assert_eq!(written, b"user_agent=a\\r\\n2026 ERROR forged\n");
    }
}
