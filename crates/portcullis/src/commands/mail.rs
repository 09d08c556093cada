//! `portcullis mail`: mails that were not delivered yet.

use std::fmt;

use anyhow::ensure;
use portcullis_domain::mail::{MailRecord, MailState};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{ListMail, ResendMailError};
use portcullis_domain::{MailId, Origin};
use serde::Serialize;

use crate::cli::{MailCommand, MailSelection, OutputFormat};
use crate::config::Config;
use crate::output::{Listing, print};
use crate::wiring::Installation;

/// Runs one of the commands on the mail queue.
pub(super) async fn run(config: &Config, command: MailCommand) -> anyhow::Result<()> {
    match command {
        MailCommand::List { format } => list(config, format).await,
        MailCommand::Retry(selection) => retry(config, selection).await,
    }
}

/// Prints every mail of the queue, the oldest first.
async fn list(config: &Config, format: OutputFormat) -> anyhow::Result<()> {
    let installation = Installation::for_command(config).await?;
    let mut listing = Listing::begin(format, &MailView::head())?;
    let mut pages = Pages::of(&installation.use_cases.list_mail);
    while let Some(page) = pages.next().await? {
        let views: Vec<_> = page.iter().map(MailView::of).collect();
        if listing.print_page(&views)?.is_break() {
            break;
        }
    }
    listing.end()?;
    Ok(())
}

/// Sends the selected mails again.
async fn retry(config: &Config, selection: MailSelection) -> anyhow::Result<()> {
    let installation = Installation::for_command(config).await?;
    let ids = if selection.all { parked(&installation.use_cases.list_mail).await? } else { selection.ids };
    let (mut sent, mut missing) = (0, Vec::new());
    for id in ids {
        match installation.use_cases.resend_mail.resend(&Origin::operator(), id).await {
            Ok(()) => sent += 1,
            Err(ResendMailError::NotFound) => missing.push(id.to_string()),
            Err(ResendMailError::Storage(error)) => return Err(error.into()),
        }
    }
    if sent > 0 || missing.is_empty() {
        print(&format!("{sent} {} will be sent again", if sent == 1 { "mail" } else { "mails" }))?;
    }
    ensure!(missing.is_empty(), "the queue has no mail {}", missing.join(", "));
    Ok(())
}

/// The mails that were set aside.
async fn parked(list_mail: &ListMail) -> Result<Vec<MailId>, StorageError> {
    let mut parked = Vec::new();
    let mut pages = Pages::of(list_mail);
    while let Some(page) = pages.next().await? {
        let of_page = page.into_iter().filter(|record| record.state == MailState::Parked);
        parked.extend(of_page.map(|record| record.mail.id));
    }
    Ok(parked)
}

/// The queue, page by page.
struct Pages<'a> {
    list_mail: &'a ListMail,
    after: Option<MailId>,
}

impl<'a> Pages<'a> {
    fn of(list_mail: &'a ListMail) -> Self {
        Self { list_mail, after: None }
    }

    async fn next(&mut self) -> Result<Option<Vec<MailRecord>>, StorageError> {
        let page = self.list_mail.list(self.after).await?;
        Ok(page.last().map(|record| record.mail.id).map(|last| {
            self.after = Some(last);
            page
        }))
    }
}

/// A mail for people and programs to read.
#[derive(Serialize)]
struct MailView<'a> {
    id: String,
    kind: &'static str,
    user_id: Option<String>,
    recipient: &'a str,
    locale: &'a str,
    queued_at: String,
    state: &'static str,
    attempts: u32,
    /// From when on it can be claimed, or claimed again should its claimant have died.
    due_at: Option<String>,
    last_failure: Option<&'a str>,
}

impl<'a> MailView<'a> {
    fn of(record: &'a MailRecord) -> Self {
        let MailRecord { mail, attempts, state, last_failure } = record;
        let (state, due_at) = match *state {
            MailState::Waiting { due_at } => ("waiting", Some(due_at)),
            MailState::Claimed { leased_until } => ("claimed", Some(leased_until)),
            MailState::Parked => ("parked", None),
        };
        Self {
            id: mail.id.to_string(),
            kind: mail.kind.name(),
            user_id: mail.kind.user().map(|user| user.to_string()),
            recipient: mail.recipient.as_str(),
            locale: mail.locale.as_str(),
            queued_at: mail.queued_at.to_string(),
            state,
            attempts: *attempts,
            due_at: due_at.map(|moment| moment.to_string()),
            last_failure: last_failure.as_deref(),
        }
    }

    fn head() -> String {
        row(["ID", "KIND", "STATE", "ATTEMPTS", "DUE", "RECIPIENT", "LAST FAILURE"])
    }
}

impl fmt::Display for MailView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due_at = self.due_at.as_deref().unwrap_or("-");
        // A mail server wrote it: quoted, it can play no tricks on a terminal.
        let last_failure = self.last_failure.map_or_else(|| "-".to_owned(), |text| format!("{text:?}"));
        let attempts = self.attempts.to_string();
        let cells = [&self.id, self.kind, self.state, &attempts, due_at, self.recipient, &last_failure];
        formatter.write_str(&row(cells))
    }
}

fn row(cells: [&str; 7]) -> String {
    let [id, kind, state, attempts, due_at, recipient, last_failure] = cells;
    format!("{id:<36}  {kind:<26}  {state:<7}  {attempts:>8}  {due_at:<27}  {recipient:<30}  {last_failure}")
}
