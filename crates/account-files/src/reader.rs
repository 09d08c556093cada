use std::io::{self, BufRead, BufReader, Read};

use serde_json::Map;

use super::{AccountFormat, AccountRecord};

/// Why a file is not read, or not read on.
#[derive(Debug, thiserror::Error)]
pub enum AccountFileError {
    /// The medium fails.
    #[error("the file cannot be read")]
    Unreadable(#[from] io::Error),
    /// It begins with the mark of UTF-16.
    #[error("the file is UTF-16; write it as UTF-8")]
    Utf16,
    /// A row of a table goes on and on. Where the next one begins cannot be known.
    #[error("the row that begins at line {line} has more than {MAX_OCTETS} octets; is a quote never closed?")]
    EndlessRow {
        /// Where it begins, counting from 1.
        line: u64,
    },
    /// The head of a table is no CSV in UTF-8.
    #[error("the first line of the file cannot be read")]
    UnreadableHead(#[source] csv::Error),
    /// The head names what accounts do not have.
    #[error("the first line names the field {0:?}, which accounts do not have; they have {known}", known = AccountRecord::FIELDS.join(", "))]
    UnknownField(String),
    /// The head names a field twice.
    #[error("the first line names the field {0} twice")]
    RepeatedField(String),
    /// The head does not name the address, without which there is no account.
    #[error("the first line must name the fields, email among them; they are {known}", known = AccountRecord::FIELDS.join(", "))]
    NoEmail,
}

/// More than any account has, and more than is ever held of one.
const MAX_OCTETS: u64 = 64 * 1024;

/// One account of a file, or why it cannot be read.
pub struct Line {
    /// Where it begins, counting from 1.
    pub number: u64,
    /// What it says; the reason never repeats any of it.
    pub record: Result<AccountRecord, String>,
}

/// Reads a file of accounts line by line, whatever its length, in little memory.
pub struct AccountReader<R> {
    lines: Lines<R>,
}

/// The forms of a file, each with how far it was read.
enum Lines<R> {
    Json { input: BufReader<R>, number: u64, octets: u64 },
    Csv { reader: Box<csv::Reader<Bounded<BufReader<R>>>>, row: csv::ByteRecord, ends: LineEnds },
}

impl<R: Read> AccountReader<R> {
    /// Looks at how the file begins.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not UTF-8, or, in CSV, has no head or one with fields that are not known.
    pub fn new(input: R, format: AccountFormat) -> Result<Self, AccountFileError> {
        let mut input = BufReader::with_capacity(256 * 1024, input);
        let start = input.fill_buf()?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(AccountFileError::Utf16);
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let lines = match format {
            AccountFormat::JsonLines => Lines::Json { input, number: 0, octets: 0 },
            AccountFormat::Csv => {
                let ends = LineEnds::of(input.buffer());
                let mut reader = csv::Reader::from_reader(Bounded { input, left: MAX_OCTETS });
                check_head(reader.headers().map_err(unreadable_head)?)?;
                Lines::Csv { reader: Box::new(reader), row: csv::ByteRecord::new(), ends }
            }
        };
        Ok(Self { lines })
    }

    /// How many octets of the file were read.
    #[must_use]
    pub fn octets_read(&self) -> u64 {
        match &self.lines {
            Lines::Json { octets, .. } => *octets,
            Lines::Csv { reader, .. } => reader.position().byte(),
        }
    }

    /// The next account; none at the end.
    ///
    /// # Errors
    ///
    /// When the file cannot be read on.
    pub fn next_line(&mut self) -> Result<Option<Line>, AccountFileError> {
        match &mut self.lines {
            Lines::Json { input, number, octets } => next_json_line(input, number, octets),
            Lines::Csv { reader, row, ends } => next_csv_row(reader, row, *ends),
        }
    }
}

/// How the lines of a table end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    Feed,
    /// The parser takes a row to end before the feed, and so counts that to the next one.
    CarriageReturnAndFeed,
}

impl LineEnds {
    fn of(start: &[u8]) -> Self {
        let first = start.split_inclusive(|octet| *octet == b'\n').next().unwrap_or_default();
        if first.ends_with(b"\r\n") { Self::CarriageReturnAndFeed } else { Self::Feed }
    }
}

/// Gives out so many octets, and then fails: `csv` reads a row whole, whatever its length.
///
/// What it has read ahead of a row is not counted to it, so a row is refused a little later than at the limit, and
/// never before.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(Endless));
        }
        let read = self.input.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// There is no end to a row.
#[derive(Debug, thiserror::Error)]
#[error("a row has more than {MAX_OCTETS} octets")]
struct Endless;

/// Why `csv` could not read on from `line`.
fn unreadable(error: csv::Error, line: u64) -> AccountFileError {
    let cause = match error.kind() {
        csv::ErrorKind::Io(cause) => cause.get_ref(),
        _ => None,
    };
    let is_endless = matches!(cause, Some(cause) if cause.is::<Endless>());
    if is_endless {
        AccountFileError::EndlessRow { line }
    } else {
        AccountFileError::Unreadable(error.into())
    }
}

fn unreadable_head(error: csv::Error) -> AccountFileError {
    if error.is_io_error() { unreadable(error, 1) } else { AccountFileError::UnreadableHead(error) }
}

fn check_head(head: &csv::StringRecord) -> Result<(), AccountFileError> {
    for (position, field) in head.iter().enumerate() {
        if !AccountRecord::FIELDS.contains(&field) {
            return Err(AccountFileError::UnknownField(field.to_owned()));
        }
        if head.iter().take(position).any(|before| before == field) {
            return Err(AccountFileError::RepeatedField(field.to_owned()));
        }
    }
    if head.iter().any(|field| field == "email") { Ok(()) } else { Err(AccountFileError::NoEmail) }
}

fn next_json_line<R: Read>(
    input: &mut BufReader<R>,
    number: &mut u64,
    octets_read: &mut u64,
) -> Result<Option<Line>, AccountFileError> {
    loop {
        let mut octets = Vec::new();
        let read = input.by_ref().take(MAX_OCTETS).read_until(b'\n', &mut octets);
        if read? == 0 {
            return Ok(None);
        }
        *number += 1;
        *octets_read += octets.len() as u64;
        if !octets.ends_with(b"\n") && octets.len() as u64 == MAX_OCTETS {
            *octets_read += skip_line(input)?;
            let record = Err(format!("the line has more than {MAX_OCTETS} octets"));
            return Ok(Some(Line { number: *number, record }));
        }
        if !octets.trim_ascii().is_empty() {
            return Ok(Some(Line { number: *number, record: read_json(&octets) }));
        }
    }
}

/// Goes to the end of the line, and says how far that was.
fn skip_line<R: Read>(input: &mut BufReader<R>) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffered = input.fill_buf()?;
        if buffered.is_empty() {
            return Ok(skipped);
        }
        let end = buffered.iter().position(|octet| *octet == b'\n');
        let consumed = end.map_or(buffered.len(), |end| end + 1);
        input.consume(consumed);
        skipped += consumed as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// Where and how JSON is wrong, without what stands there: that may be a hash.
fn read_json(octets: &[u8]) -> Result<AccountRecord, String> {
    use serde_json::error::Category;
    let text = str::from_utf8(octets).map_err(|_| "the line is not UTF-8".to_owned())?;
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Eof => "the line ends in the middle of its JSON".to_owned(),
        Category::Syntax | Category::Io => format!("the line is no JSON at column {}", error.column()),
        Category::Data => unexpected(&error.to_string(), error.column()),
    })
}

/// serde names an unknown or repeated field, which is of use; of a wrong value only where it stands.
fn unexpected(message: &str, column: usize) -> String {
    let named = message.split(", expected one of").next().unwrap_or(message);
    let named = named.split(" at line ").next().unwrap_or(named);
    if named.starts_with("unknown field") || named.starts_with("duplicate field") {
        named.to_owned()
    } else {
        format!("the line has a value of the wrong type at column {column}")
    }
}

fn next_csv_row<R: Read>(
    reader: &mut csv::Reader<Bounded<BufReader<R>>>,
    row: &mut csv::ByteRecord,
    ends: LineEnds,
) -> Result<Option<Line>, AccountFileError> {
    reader.get_mut().left = MAX_OCTETS;
    let outcome = reader.read_byte_record(row);
    let number = row.position().map_or_else(|| reader.position().line(), csv::Position::line);
    let number = number + u64::from(ends == LineEnds::CarriageReturnAndFeed);
    match outcome {
        Ok(false) => Ok(None),
        Ok(true) => {
            let head = reader.byte_headers().map_err(|error| unreadable(error, number))?;
            Ok(Some(Line { number, record: read_csv(head, row) }))
        }
        Err(error) if error.is_io_error() => Err(unreadable(error, number)),
        Err(error) => Ok(Some(Line { number, record: Err(csv_reason(&error)) })),
    }
}

/// Each field is the text that stands there: `csv` would take `007` for a number, also where a name belongs.
fn read_csv(head: &csv::ByteRecord, row: &csv::ByteRecord) -> Result<AccountRecord, String> {
    let mut record = Map::new();
    for (name, field) in head.iter().zip(row) {
        let text = str::from_utf8(field).map_err(|_| "the line is not UTF-8".to_owned())?;
        if !text.is_empty() {
            record.insert(String::from_utf8_lossy(name).into_owned(), text.into());
        }
    }
    let not_a_flag = |_| "email_verified or is_active is neither true nor false".to_owned();
    serde_json::from_value(record.into()).map_err(not_a_flag)
}

fn csv_reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} fields instead of {expected_len}")
        }
        _ => "the line is no CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that begins so and never ends.
    fn endless(start: &'static str) -> impl Read {
        start.as_bytes().chain(io::repeat(b'x'))
    }

    #[test]
    fn a_row_without_an_end_is_told_by_where_it_begins() {
        let file = endless("email,name\r\nada@example.com,Ada\r\neve@example.com,\"Eve\r\nbob@example.com,");
        let mut reader = AccountReader::new(file, AccountFormat::Csv).unwrap();
        assert!(reader.next_line().unwrap().unwrap().record.is_ok());
        let refused = reader.next_line().err().unwrap();
        assert!(matches!(refused, AccountFileError::EndlessRow { line: 3 }), "{refused}");
        let no_head = AccountReader::new(endless("email,"), AccountFormat::Csv).err().unwrap();
        assert!(matches!(no_head, AccountFileError::EndlessRow { line: 1 }), "{no_head}");
    }

    #[test]
    fn every_line_up_to_the_limit_is_read() {
        let name = "x".repeat(64 * 1024 - 100);
        let table = format!("email,name\n{}", format!("ada@example.com,{name}\n").repeat(5));
        let lines = format!("{{\"email\":\"ada@example.com\",\"name\":\"{name}\"}}\n").repeat(5);
        for (file, format) in [(table, AccountFormat::Csv), (lines, AccountFormat::JsonLines)] {
            let mut reader = AccountReader::new(file.as_bytes(), format).unwrap();
            for _ in 0..5 {
                let record = reader.next_line().unwrap().unwrap().record.unwrap();
                assert_eq!(record.name.as_deref(), Some(name.as_str()));
            }
            assert!(reader.next_line().unwrap().is_none());
        }
    }

    #[test]
    fn a_line_of_json_beyond_the_limit_is_refused_and_the_next_one_read() {
        let file = format!("{{\"name\":\"{}\"}}\n{{\"email\":\"ada@example.com\"}}\n", "x".repeat(64 * 1024));
        let mut reader = AccountReader::new(file.as_bytes(), AccountFormat::JsonLines).unwrap();
        let refused = reader.next_line().unwrap().unwrap().record.err().unwrap();
        assert_eq!(refused, "the line has more than 65536 octets");
        assert!(reader.next_line().unwrap().unwrap().record.is_ok());
    }

    #[test]
    fn what_looks_like_a_number_or_a_flag_in_a_table_is_a_text() {
        for text in ["007", "-1", "1e5", "nan", "inf", "true", "18446744073709551616"] {
            let file = format!("email,name,roles\nada@example.com,{text},{text}\n");
            let mut reader = AccountReader::new(file.as_bytes(), AccountFormat::Csv).unwrap();
            let record = reader.next_line().unwrap().unwrap().record.unwrap();
            assert_eq!((record.name.as_deref(), record.roles), (Some(text), vec![text.to_owned()]));
        }
    }
}
