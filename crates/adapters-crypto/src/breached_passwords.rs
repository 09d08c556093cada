//! Passwords that have leaked, in a file on this machine.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use portcullis_domain::Password;
use portcullis_domain::ports::{BreachedPasswords, StorageError};

/// The list of [Have I Been Pwned](https://haveibeenpwned.com/Passwords), as its downloader writes it: on each
/// line the SHA-1 of a password in hexadecimal digits, a colon and a count, sorted by hash. The file may have any
/// size; none of it is kept in memory.
///
/// Lists of one's own are of the same form. What stands behind the digits does not matter.
#[derive(Clone, Debug)]
pub struct BreachedPasswordFile {
    file: Arc<File>,
    octets: u64,
}

/// Why a file cannot serve as a list.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBreachedPasswords {
    /// It cannot be read.
    #[error("cannot be read")]
    Unreadable(#[from] io::Error),
    /// It has no lines that begin with a SHA-1.
    #[error("has a line that does not begin with 40 hexadecimal digits at octet {offset}")]
    NoHash {
        /// Where the line begins.
        offset: u64,
    },
    /// Its lines are in another order, such as that of how often a password leaked.
    #[error("is not sorted by hash: octet {offset} stands too late")]
    Unsorted {
        /// Where the line begins that should stand further to the front.
        offset: u64,
    },
}

type Digest = [u8; 20];

/// A line that was found, and where the next one begins.
struct Line {
    offset: u64,
    digest: Digest,
    end: u64,
}

impl BreachedPasswordFile {
    /// Longer than any line of the list.
    const LONGEST_LINE: usize = 256;
    /// How many lines, spread over the file, are looked at when it is opened.
    const SAMPLES: u64 = 256;

    /// Opens a list, and looks at lines from all over it, as the search relies on their form and their order.
    ///
    /// # Errors
    ///
    /// See [`InvalidBreachedPasswords`].
    pub fn open(path: &Path) -> Result<Self, InvalidBreachedPasswords> {
        let file = File::open(path)?;
        let octets = file.metadata()?.len();
        let list = Self { file: Arc::new(file), octets };
        let mut before: Option<Digest> = None;
        for sample in 0..Self::SAMPLES {
            let position = octets / Self::SAMPLES * sample;
            let Some(Line { offset, digest, .. }) = list.line_from(position)? else { break };
            if before.is_some_and(|before| before > digest) {
                return Err(InvalidBreachedPasswords::Unsorted { offset });
            }
            before = Some(digest);
        }
        match before {
            Some(_) => Ok(list),
            None => Err(InvalidBreachedPasswords::NoHash { offset: 0 }),
        }
    }

    /// Whether a line begins with this digest.
    fn has(&self, wanted: &Digest) -> Result<bool, InvalidBreachedPasswords> {
        let (mut start, mut end) = (0, self.octets);
        while start < end {
            let middle = u64::midpoint(start, end);
            let Some(line) = self.line_from(middle)?.filter(|line| line.offset < end) else {
                end = middle;
                continue;
            };
            match line.digest.cmp(wanted) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => start = line.end,
                Ordering::Greater => end = middle,
            }
        }
        Ok(false)
    }

    /// The first line that begins at `position` or behind it; none at the end of the file.
    fn line_from(&self, position: u64) -> Result<Option<Line>, InvalidBreachedPasswords> {
        // What begins at the position itself shows by the end of the line before it.
        let start = position.saturating_sub(1);
        let mut buffer = [0; 2 * Self::LONGEST_LINE];
        let read = self.read_at(&mut buffer, start)?;
        let text = &buffer[..read];
        let begin = match (position, text.iter().position(|octet| *octet == b'\n')) {
            (0, _) => 0,
            (_, Some(newline)) => newline + 1,
            (_, None) if read < Self::LONGEST_LINE => return Ok(None),
            (_, None) => return Err(InvalidBreachedPasswords::NoHash { offset: start }),
        };
        let line = &text[begin..];
        if line.is_empty() {
            return Ok(None);
        }
        let offset = start + begin as u64;
        let digest = parse(line).ok_or(InvalidBreachedPasswords::NoHash { offset })?;
        let length = line.iter().position(|octet| *octet == b'\n').map_or(line.len(), |newline| newline + 1);
        Ok(Some(Line { offset, digest, end: offset + length as u64 }))
    }

    /// Reads until the buffer is full or the file at its end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

fn parse(line: &[u8]) -> Option<Digest> {
    let digits = line.get(..40)?;
    let mut digest = [0; 20];
    for (octet, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *octet = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    // More digits would be another kind of hash.
    let is_whole = line.get(40).is_none_or(|next| !next.is_ascii_hexdigit());
    is_whole.then_some(digest)
}

fn sha1(octets: &[u8]) -> Digest {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, octets).as_ref().try_into().expect("SHA-1 has 20 octets")
}

#[async_trait]
impl BreachedPasswords for BreachedPasswordFile {
    async fn contains(&self, password: &Password) -> Result<bool, StorageError> {
        let spellings = [Some(password.expose()), password.expose_as_typed()];
        let digests = spellings.map(|spelling| spelling.map(sha1));
        let list = self.clone();
        let search =
            move || digests.iter().flatten().try_fold(false, |found, digest| Ok(found || list.has(digest)?));
        let found: Result<bool, InvalidBreachedPasswords> =
            tokio::task::spawn_blocking(search).await.map_err(StorageError::broken)?;
        found.map_err(StorageError::broken)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const LEAKED: [&str; 6] =
        ["correct horse", "Tr0ub4dor&3", "letmein!", "hunter2hunter2", "café crème", ""];

    fn hexadecimal(digest: Digest) -> String {
        digest.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().concat()
    }

    /// A file with so many made-up lines, and those of what has leaked, as the downloader writes them.
    fn list(made_up: u32, line_end: &str) -> (TempDir, Vec<String>) {
        let made_up = (0..made_up).map(|number| (sha1(&number.to_le_bytes()), number));
        let leaked = LEAKED.map(|password| (sha1(password.as_bytes()), 1_234_567));
        let mut lines: Vec<_> =
            made_up.chain(leaked).map(|(digest, count)| format!("{}:{count}", hexadecimal(digest))).collect();
        lines.sort_unstable();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("list"), lines.join(line_end)).unwrap();
        (folder, lines)
    }

    fn open(folder: &TempDir) -> Result<BreachedPasswordFile, InvalidBreachedPasswords> {
        BreachedPasswordFile::open(&folder.path().join("list"))
    }

    #[test]
    fn every_line_is_found_whatever_its_place_and_the_ends_of_lines() {
        for (made_up, line_end) in [(0, "\n"), (1, "\n"), (1_000, "\n"), (1_000, "\r\n")] {
            let (folder, lines) = list(made_up, line_end);
            let file = open(&folder).unwrap();
            for line in &lines {
                assert!(file.has(&parse(line.as_bytes()).unwrap()).unwrap(), "{line} of {}", lines.len());
            }
            for number in 0..1_000_u32 {
                let other = sha1(format!("other {number}").as_bytes());
                assert!(!file.has(&other).unwrap());
            }
            for edge in [[0; 20], [0xff; 20]] {
                assert!(!file.has(&edge).unwrap());
            }
        }
    }

    #[tokio::test]
    async fn a_password_is_looked_up_as_it_is_hashed_and_as_it_was_typed() {
        let (folder, _) = list(100, "\r\n");
        let file = open(&folder).unwrap();
        for password in ["correct horse", "Tr0ub4dor&3", "cafe\u{301} cre\u{300}me"] {
            assert!(file.contains(&Password::parse(password).unwrap()).await.unwrap(), "{password}");
        }
        assert!(!file.contains(&Password::parse("Correct horse").unwrap()).await.unwrap());

        let decomposed = "cafe\u{301} cre\u{300}me";
        fs::write(folder.path().join("list"), hexadecimal(sha1(decomposed.as_bytes()))).unwrap();
        let file = open(&folder).unwrap();
        assert!(file.contains(&Password::parse(decomposed).unwrap()).await.unwrap());
        assert!(!file.contains(&Password::parse("café crème").unwrap()).await.unwrap());
    }

    #[test]
    fn a_file_of_another_form_or_order_is_refused() {
        let (folder, lines) = list(1_000, "\n");
        let path = folder.path().join("list");
        let by_count = lines.iter().rev().cloned().collect::<Vec<_>>().join("\n");
        let ntlm = lines.iter().map(|line| line[8..].to_owned()).collect::<Vec<_>>().join("\n");
        let sha256 = "0".repeat(64);
        let no_lines = "0".repeat(40) + &"x".repeat(100_000);
        for text in ["", "password\n", &by_count, &ntlm, &sha256, &no_lines] {
            fs::write(&path, text).unwrap();
            assert!(open(&folder).is_err(), "{:?}", &text[..text.len().min(80)]);
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(open(&folder), Err(InvalidBreachedPasswords::Unreadable(_))));
    }

    #[tokio::test]
    async fn a_file_that_was_cut_since_is_no_answer() {
        let (folder, _) = list(1_000, "\n");
        let file = open(&folder).unwrap();
        fs::write(folder.path().join("list"), "no list any more".repeat(10_000)).unwrap();
        file.contains(&Password::parse("correct horse").unwrap()).await.unwrap_err();
    }
}
