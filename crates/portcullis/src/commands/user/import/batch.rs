//! The accounts of a file, as many at a time as are stored with one step.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use portcullis_account_files::{AccountFormat, AccountReader, Line};
use portcullis_domain::UserId;
use portcullis_domain::use_cases::{ImportedUser, UseCases};
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
        while let Some(batch) = read_batch(&mut reader, &use_cases).transpose() {
            let is_last = batch.is_err();
            // Nobody waits for more when the import has failed.
            if sender.blocking_send(batch).is_err() || is_last {
                return;
            }
        }
    });
    Ok((batches, reading))
}

/// The next batch; none at the end of the file.
fn read_batch(
    reader: &mut AccountReader<Box<dyn Read + Send>>,
    use_cases: &UseCases,
) -> anyhow::Result<Option<Batch>> {
    let mut batch = Batch {
        accounts: Vec::with_capacity(SIZE),
        unusable: Vec::new(),
        octets_read: 0,
        claims: HashSet::with_capacity(2 * SIZE),
    };
    while batch.accounts.len() + batch.unusable.len() < SIZE
        && let Some(Line { number, record }) = reader.next_line()?
    {
        let accept_hash = |text: &str| use_cases.import_users.accept_hash(text);
        let account =
            record.and_then(|record| record.into_imported(accept_hash).map_err(|error| error.to_string()));
        match account {
            Ok(account) => {
                batch.claims.extend(Claim::of(&account));
                batch.accounts.push((number, account));
            }
            Err(reason) => batch.unusable.push((number, reason)),
        }
    }
    batch.octets_read = reader.octets_read();
    let is_empty = batch.accounts.is_empty() && batch.unusable.is_empty();
    Ok((!is_empty).then_some(batch))
}
