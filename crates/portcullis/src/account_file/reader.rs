use std::io::{self, BufRead, BufReader, Read};

use anyhow::{Context as _, bail, ensure};

use super::{AccountFormat, AccountRecord};

/// One account of a file, or why it cannot be read.
pub(crate) struct Line {
    /// Where it begins, counting from 1.
    pub(crate) number: u64,
    /// What it says; the reason never repeats any of it.
    pub(crate) record: Result<AccountRecord, String>,
}

/// Reads a file of accounts line by line, whatever its length, in little memory.
pub(crate) struct AccountReader<R> {
    lines: Lines<R>,
}

/// The forms of a file, each with how far it was read.
enum Lines<R> {
    Json { input: BufReader<R>, number: u64, octets: u64 },
    Csv { reader: Box<csv::Reader<BufReader<R>>>, row: csv::ByteRecord, ends: LineEnds },
}

impl<R: Read> AccountReader<R> {
    /// More than any account has.
    const MAX_LINE_OCTETS: u64 = 64 * 1024;

    /// Looks at how the file begins.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not UTF-8, or, in CSV, has no head or one with fields that are not known.
    pub(crate) fn new(input: R, format: AccountFormat) -> anyhow::Result<Self> {
        let mut input = BufReader::with_capacity(256 * 1024, input);
        let start = input.fill_buf().context("the file cannot be read")?;
        ensure!(
            !start.starts_with(b"\xff\xfe") && !start.starts_with(b"\xfe\xff"),
            "the file is UTF-16; write it as UTF-8"
        );
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let lines = match format {
            AccountFormat::JsonLines => Lines::Json { input, number: 0, octets: 0 },
            AccountFormat::Csv => {
                let ends = LineEnds::of(input.buffer());
                let mut reader = csv::ReaderBuilder::new().from_reader(input);
                check_head(reader.headers().context("the first line of the file cannot be read")?)?;
                Lines::Csv { reader: Box::new(reader), row: csv::ByteRecord::new(), ends }
            }
        };
        Ok(Self { lines })
    }

    /// How many octets of the file were read.
    pub(crate) fn octets_read(&self) -> u64 {
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
    pub(crate) fn next_line(&mut self) -> anyhow::Result<Option<Line>> {
        match &mut self.lines {
            Lines::Json { input, number, octets } => {
                next_json_line(input, number, octets, Self::MAX_LINE_OCTETS)
            }
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

fn check_head(head: &csv::StringRecord) -> anyhow::Result<()> {
    let known = AccountRecord::FIELDS.join(", ");
    for (position, field) in head.iter().enumerate() {
        ensure!(
            AccountRecord::FIELDS.contains(&field),
            "the first line names the field {field:?}, which accounts do not have; they have {known}"
        );
        ensure!(
            head.iter().take(position).all(|before| before != field),
            "the first line names the field {field} twice"
        );
    }
    if !head.iter().any(|field| field == "email") {
        bail!("the first line must name the fields, email among them; they are {known}");
    }
    Ok(())
}

fn next_json_line<R: Read>(
    input: &mut BufReader<R>,
    number: &mut u64,
    octets_read: &mut u64,
    most: u64,
) -> anyhow::Result<Option<Line>> {
    loop {
        let mut octets = Vec::new();
        let read = input.by_ref().take(most).read_until(b'\n', &mut octets);
        if read.context("the file cannot be read")? == 0 {
            return Ok(None);
        }
        *number += 1;
        *octets_read += octets.len() as u64;
        if !octets.ends_with(b"\n") && octets.len() as u64 == most {
            *octets_read += skip_line(input).context("the file cannot be read")?;
            let record = Err(format!("the line has more than {most} octets"));
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
    reader: &mut csv::Reader<BufReader<R>>,
    row: &mut csv::ByteRecord,
    ends: LineEnds,
) -> anyhow::Result<Option<Line>> {
    let outcome = reader.read_byte_record(row);
    let number = row.position().map_or_else(|| reader.position().line(), csv::Position::line);
    let number = number + u64::from(ends == LineEnds::CarriageReturnAndFeed);
    match outcome {
        Ok(false) => Ok(None),
        Ok(true) => {
            let head = reader.byte_headers().context("the file cannot be read")?.clone();
            let record = str_fields(row)
                .and_then(|()| row.deserialize(Some(&head)).map_err(|error| csv_reason(&error)));
            Ok(Some(Line { number, record }))
        }
        Err(error) if error.is_io_error() => Err(error).context("the file cannot be read"),
        Err(error) => Ok(Some(Line { number, record: Err(csv_reason(&error)) })),
    }
}

fn str_fields(row: &csv::ByteRecord) -> Result<(), String> {
    if row.iter().all(|field| str::from_utf8(field).is_ok()) {
        Ok(())
    } else {
        Err("the line is not UTF-8".to_owned())
    }
}

fn csv_reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} fields instead of {expected_len}")
        }
        // All other fields are texts.
        csv::ErrorKind::Deserialize { .. } => {
            "email_verified or is_active is neither true nor false".to_owned()
        }
        _ => "the line is no CSV".to_owned(),
    }
}
