use std::io::{self, BufRead, BufReader, Read};

use csv_core::ReadRecordResult;

use super::AccountRecord;

/// The rows of a table, one at a time, in no more memory than one may take.
pub(crate) struct Rows<R> {
    input: BufReader<R>,
    parser: csv_core::Reader,
    octets_read: u64,
    /// What the fields of the last row say, without anything between them.
    text: Vec<u8>,
    /// Where in the text the first of them end.
    ends: [usize; MOST_FIELDS],
}

/// One more than a table of accounts has.
const MOST_FIELDS: usize = AccountRecord::FIELDS.len() + 1;

/// A row of a table.
pub(crate) struct Row<'a> {
    /// Where it begins, counting from 1.
    pub(crate) first_line: u64,
    pub(crate) content: RowContent<'a>,
}

/// What a row says.
pub(crate) enum RowContent<'a> {
    Fields(Fields<'a>),
    /// More octets than a row may have.
    TooLong {
        /// Where it ends.
        last_line: u64,
    },
}

/// The fields of a row, as octets.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    text: &'a [u8],
    ends: &'a [usize],
    /// How many they are.
    pub(crate) count: usize,
}

impl<'a> Fields<'a> {
    /// The first of them, as many as a table of accounts has and one more.
    pub(crate) fn first(self) -> impl Iterator<Item = &'a [u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(self.ends).map(move |(start, end)| &self.text[start..*end])
    }
}

impl<R: Read> Rows<R> {
    pub(crate) fn new(input: BufReader<R>, max_octets: usize) -> Self {
        // The parser says that the text is full when one more octet would have to fit.
        let text = vec![0; max_octets + 1];
        Self { input, parser: csv_core::Reader::new(), octets_read: 0, text, ends: [0; MOST_FIELDS] }
    }

    pub(crate) fn octets_read(&self) -> u64 {
        self.octets_read
    }

    /// The next row; none at the end. Of one that is too long, the rest is passed over.
    pub(crate) fn next(&mut self) -> io::Result<Option<Row<'_>>> {
        self.pass_over_line_ends()?;
        let first_line = self.parser.line();
        let (mut length, mut count, mut is_too_long, mut ends_a_line) = (0, 0, false, false);
        loop {
            let octets = self.input.fill_buf()?;
            let mut only_counted = [0; MOST_FIELDS];
            let ends =
                self.ends.get_mut(count..).filter(|ends| !ends.is_empty()).unwrap_or(&mut only_counted);
            let (result, read, written, ended) =
                self.parser.read_record(octets, &mut self.text[length..], ends);
            ends_a_line = octets[..read].last().map_or(ends_a_line, |octet| *octet == b'\n');
            self.input.consume(read);
            self.octets_read += read as u64;
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::OutputFull => (is_too_long, length) = (true, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let content = if is_too_long {
            RowContent::TooLong { last_line: self.parser.line() - u64::from(ends_a_line) }
        } else {
            let ends = &self.ends[..count.min(MOST_FIELDS)];
            RowContent::Fields(Fields { text: &self.text[..length], ends, count })
        };
        Ok(Some(Row { first_line, content }))
    }

    /// Goes to where a row begins: the parser takes one to end before the feed that follows a carriage return, and
    /// passes over empty lines only with the next one.
    fn pass_over_line_ends(&mut self) -> io::Result<()> {
        loop {
            let octets = self.input.fill_buf()?;
            let ends = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n'));
            let (passed, feeds) =
                ends.fold((0, 0), |(passed, feeds), octet| (passed + 1, feeds + u64::from(*octet == b'\n')));
            if passed == 0 {
                return Ok(());
            }
            self.input.consume(passed);
            self.octets_read += passed as u64;
            self.parser.set_line(self.parser.line() + feeds);
        }
    }
}
