use std::borrow::Cow;
use std::io::{self, Stderr, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::email_addresses;

/// Standard error, with each record on one line whatever was logged: the line breaks within it are written as `\n`.
pub(super) struct Lines {
    pub(super) show_email_addresses: bool,
}

impl MakeWriter<'_> for Lines {
    type Writer = Line<Stderr>;

    fn make_writer(&self) -> Line<Stderr> {
        Line { output: io::stderr(), show_email_addresses: self.show_email_addresses }
    }
}

/// Takes one record at a call, with the line break at its end, as the formatter hands it over.
pub(super) struct Line<W> {
    output: W,
    show_email_addresses: bool,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let (line, end) = match record {
            [line @ .., b'\n'] => (line, "\n"),
            line => (line, ""),
        };
        let line = str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        let line = if self.show_email_addresses { line } else { email_addresses::hide(line) };
        let is_broken = line.bytes().any(|octet| octet == b'\n' || octet == b'\r');
        let line = if is_broken { line.replace('\n', "\\n").replace('\r', "\\r").into() } else { line };
        match line {
            Cow::Borrowed(_) => self.output.write_all(record)?,
            Cow::Owned(line) => self.output.write_all((line + end).as_bytes())?,
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(record: &str, show_email_addresses: bool) -> String {
        let mut output = Vec::new();
        Line { output: &mut output, show_email_addresses }.write_all(record.as_bytes()).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_record_stays_on_its_line() {
        let record = "user_agent=a\r\n2026 ERROR forged\n";
        assert_eq!(written(record, false), "user_agent=a\\r\\n2026 ERROR forged\n");
    }

    #[test]
    fn email_addresses_are_there_for_who_asks_for_them() {
        let record = "reason=\"550 <ada@example.com>: no such user\"\n";
        assert_eq!(written(record, true), record);
        assert_eq!(written(record, false), "reason=\"550 <[address]>: no such user\"\n");
    }
}
