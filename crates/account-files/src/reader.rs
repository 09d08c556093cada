use std::io::{self, BufRead, BufReader, Read};

use serde_json::Map;

use super::rows::{Fields, Row, RowContent, Rows};
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
    /// The head of a table goes on and on.
    #[error("the first line of the file has more than {MAX_OCTETS} octets")]
    EndlessHead,
    /// The head of a table is not UTF-8.
    #[error("the first line of the file cannot be read: it is not UTF-8")]
    UnreadableHead,
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
const MAX_OCTETS: usize = 64 * 1024;

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
    Csv { rows: Box<Rows<R>>, head: Vec<String> },
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
                let mut rows = Rows::new(input, MAX_OCTETS);
                let head = read_head(&mut rows)?;
                Lines::Csv { rows: Box::new(rows), head }
            }
        };
        Ok(Self { lines })
    }

    /// How many octets of the file were read.
    #[must_use]
    pub fn octets_read(&self) -> u64 {
        match &self.lines {
            Lines::Json { octets, .. } => *octets,
            Lines::Csv { rows, .. } => rows.octets_read(),
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
            Lines::Csv { rows, head } => next_csv_row(rows, head),
        }
    }
}

/// The names of the fields.
fn read_head<R: Read>(rows: &mut Rows<R>) -> Result<Vec<String>, AccountFileError> {
    let head = match rows.next()? {
        None => Vec::new(),
        Some(Row { content: RowContent::TooLong { .. }, .. }) => return Err(AccountFileError::EndlessHead),
        Some(Row { content: RowContent::Fields(fields), .. }) => {
            let names: Result<_, _> =
                fields.first().map(|name| str::from_utf8(name).map(str::to_owned)).collect();
            names.map_err(|_| AccountFileError::UnreadableHead)?
        }
    };
    check_head(&head)?;
    Ok(head)
}

fn check_head(head: &[String]) -> Result<(), AccountFileError> {
    for (position, field) in head.iter().enumerate() {
        if !AccountRecord::FIELDS.contains(&field.as_str()) {
            return Err(AccountFileError::UnknownField(field.clone()));
        }
        if head[..position].contains(field) {
            return Err(AccountFileError::RepeatedField(field.clone()));
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
        let read = input.by_ref().take(MAX_OCTETS as u64).read_until(b'\n', &mut octets);
        if read? == 0 {
            return Ok(None);
        }
        *number += 1;
        *octets_read += octets.len() as u64;
        if !octets.ends_with(b"\n") && octets.len() == MAX_OCTETS {
            *octets_read += skip_line(input)?;
            return Ok(Some(Line { number: *number, record: Err(beyond_the_limit()) }));
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

fn next_csv_row<R: Read>(rows: &mut Rows<R>, head: &[String]) -> Result<Option<Line>, AccountFileError> {
    let Some(Row { first_line, content }) = rows.next()? else {
        return Ok(None);
    };
    let record = match content {
        RowContent::Fields(fields) => read_csv(head, fields),
        RowContent::TooLong { last_line } if last_line == first_line => Err(beyond_the_limit()),
        RowContent::TooLong { last_line } => Err(format!(
            "the row goes on to line {last_line} and has more than {MAX_OCTETS} octets; is a quote never closed?"
        )),
    };
    Ok(Some(Line { number: first_line, record }))
}

/// Each field is the text that stands there: `007` is no number where a name belongs.
fn read_csv(head: &[String], fields: Fields<'_>) -> Result<AccountRecord, String> {
    if fields.count != head.len() {
        return Err(format!("the line has {} fields instead of {}", fields.count, head.len()));
    }
    let mut record = Map::new();
    for (name, field) in head.iter().zip(fields.first()) {
        let text = str::from_utf8(field).map_err(|_| "the line is not UTF-8".to_owned())?;
        if !text.is_empty() {
            record.insert(name.clone(), text.into());
        }
    }
    let not_a_flag = |_| "email_verified or is_active is neither true nor false".to_owned();
    serde_json::from_value(record.into()).map_err(not_a_flag)
}

fn beyond_the_limit() -> String {
    format!("the line has more than {MAX_OCTETS} octets")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of each row of a table, and its address or what is wrong with it.
    fn rows(table: &str) -> Vec<(u64, String)> {
        let mut reader = AccountReader::new(table.as_bytes(), AccountFormat::Csv).unwrap();
        let mut rows = Vec::new();
        while let Some(Line { number, record }) = reader.next_line().unwrap() {
            rows.push((
                number,
                record.map_or_else(|reason| reason, |record| record.email.unwrap_or_default()),
            ));
        }
        assert_eq!(reader.octets_read(), table.len() as u64);
        rows
    }

    #[test]
    fn a_row_beyond_the_limit_is_refused_and_the_next_one_read() {
        let name = "x".repeat(64 * 1024);
        let table =
            format!("email,name\nada@example.com,{name}\nbob@example.com,{name},,,\neve@example.com,Eve\n");
        let refused = "the line has more than 65536 octets";
        assert_eq!(rows(&table), [(2, refused.into()), (3, refused.into()), (4, "eve@example.com".into())]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_by_where_it_begins_and_what_it_swallows() {
        let good = "ada@example.com,Ada\r\n";
        let table = format!("email,name\r\n{good}eve@example.com,\"Eve\r\n{}", good.repeat(5_000));
        let refused = "the row goes on to line 5003 and has more than 65536 octets; is a quote never closed?";
        assert_eq!(rows(&table), [(2, "ada@example.com".into()), (3, refused.into())]);
    }

    #[test]
    fn a_head_beyond_the_limit_is_refused() {
        let head = format!("email,{}", "x".repeat(64 * 1024));
        let refused = AccountReader::new(head.as_bytes(), AccountFormat::Csv).err().unwrap();
        assert_eq!(refused.to_string(), "the first line of the file has more than 65536 octets");
    }

    #[test]
    fn rows_are_told_by_the_line_at_which_they_begin_however_lines_end() {
        let few = "the line has 1 fields instead of 2";
        for (table, expected) in [
            ("\nemail,name\nbad\n\nada@example.com,\n", [(3, few), (5, "ada@example.com")]),
            ("email,name\nbad\r\nada@example.com,\r\n", [(2, few), (3, "ada@example.com")]),
            ("email,name\r\nbad\nada@example.com,\n", [(2, few), (3, "ada@example.com")]),
            ("email,name\r\n\r\nada@example.com,\"A\nd\r\na\"\r\nbad", [(3, "ada@example.com"), (6, few)]),
        ] {
            let expected = expected.map(|(line, told)| (line, told.to_owned()));
            assert_eq!(rows(table), expected, "{table:?}");
        }
    }

    #[test]
    fn a_row_of_many_more_fields_is_told_by_how_many() {
        let table = format!("email,name\nada@example.com{}\neve@example.com,Eve\n", ",".repeat(40));
        let told = "the line has 41 fields instead of 2";
        assert_eq!(rows(&table), [(2, told.into()), (3, "eve@example.com".into())]);
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
