//! The accounts of a file, as many at a time as are stored with one step.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use portcullis_account_files::{AccountFileError, AccountFormat, AccountReader, Line};
use portcullis_domain::ports::HashRefusal;
use portcullis_domain::use_cases::{ImportedUser, UseCases};
use portcullis_domain::{PasswordHash, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How many accounts are stored with one step.
const SIZE: usize = 5_000;
/// How many batches are read ahead of the store.
const READ_AHEAD: usize = 2;

/// Accounts that were read together.
pub(super) struct Batch {
    /// In the order of the file, with the number of their line.
    pub(super) accounts: Vec<(u64, ImportedUser)>,
    /// Those that cannot be used, with the number of their line.
    pub(super) unusable: Vec<(u64, String)>,
    /// How far the file was read.
    pub(super) octets_read: u64,
    /// What no other account may have, once these are stored.
    pub(super) claims: HashSet<Claim>,
}

/// What only one account has.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Claim {
    Id(UserId),
    Email(String),
    Username(String),
}

impl Claim {
    fn of(account: &ImportedUser) -> impl Iterator<Item = Self> {
        let email = Self::Email(account.email.canonical().to_owned());
        let username = account.username.as_ref().map(|name| Self::Username(name.canonical().to_owned()));
        [account.id.map(Self::Id), Some(email), username].into_iter().flatten()
    }
}

/// Reads the file on a thread of its own, while the store is busy with what came before.
pub(super) fn read_ahead(
    input: Box<dyn Read + Send>,
    format: AccountFormat,
    use_cases: Arc<UseCases>,
) -> anyhow::Result<(mpsc::Receiver<anyhow::Result<Batch>>, JoinHandle<()>)> {
    let mut reader = AccountReader::new(input, format)?;
    let (sender, batches) = mpsc::channel(READ_AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut has_more = Ok(true);
        while let Ok(true) = has_more {
            let batch;
            (batch, has_more) = read_batch(&mut reader, |text| use_cases.import_users.accept_hash(text));
            // Nobody waits for more when the import has ended.
            if !batch.is_empty() && sender.blocking_send(Ok(batch)).is_err() {
                return;
            }
        }
        if let Err(failure) = has_more {
            sender.blocking_send(Err(failure.into())).ok();
        }
    });
    Ok((batches, reading))
}

/// What comes next in the file, and whether there is more. What was read before a failure counts.
fn read_batch(
    reader: &mut AccountReader<impl Read>,
    accept_hash: impl Fn(&str) -> Result<PasswordHash, HashRefusal>,
) -> (Batch, Result<bool, AccountFileError>) {
    let mut batch = Batch {
        accounts: Vec::with_capacity(SIZE),
        unusable: Vec::new(),
        octets_read: 0,
        claims: HashSet::with_capacity(2 * SIZE),
    };
    let has_more = loop {
        if batch.accounts.len() + batch.unusable.len() == SIZE {
            break Ok(true);
        }
        match reader.next_line() {
            Ok(Some(line)) => batch.add(line, &accept_hash),
            Ok(None) => break Ok(false),
            Err(failure) => break Err(failure),
        }
    };
    batch.octets_read = reader.octets_read();
    (batch, has_more)
}

impl Batch {
    fn add(
        &mut self,
        Line { number, record }: Line,
        accept_hash: impl Fn(&str) -> Result<PasswordHash, HashRefusal>,
    ) {
        let account =
            record.and_then(|record| record.into_imported(accept_hash).map_err(|error| error.to_string()));
        match account {
            Ok(account) => {
                self.claims.extend(Claim::of(&account));
                self.accounts.push((number, account));
            }
            Err(reason) => self.unusable.push((number, reason)),
        }
    }

    fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.unusable.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A medium that fails.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("it is broken"))
        }
    }

    #[test]
    fn what_was_read_before_the_file_fails_is_not_lost() {
        let lines = b"{\"email\":\"ada@example.com\"}\n{}\n".chain(Broken);
        let mut reader = AccountReader::new(lines, AccountFormat::JsonLines).unwrap();
        let (batch, has_more) = read_batch(&mut reader, |text| Ok(PasswordHash::new(text)));
        assert!(matches!(has_more, Err(AccountFileError::Unreadable(_))));
        assert_eq!(batch.accounts[0].1.email.as_str(), "ada@example.com");
        assert_eq!(batch.unusable, [(2, "email: is missing".to_owned())]);
    }
}
