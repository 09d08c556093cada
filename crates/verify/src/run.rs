use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use crate::accounts::Accounts;
use crate::administrator::{Administrator, Credentials};
use crate::ground::Ground;
use crate::mailbox::{Mailbox, MailboxError, MailboxPlace};
use crate::outcome::{Outcome, Unshown};
use crate::report::{Installation, Report, RowReport};
use crate::rows::{ROWS, Row, RowId};
use crate::service::{Service, ServiceError};

/// What is to be examined, and how.
pub struct Plan {
    /// Where the service answers.
    pub target: Url,
    /// Who makes accounts there and erases them.
    pub administrator: Credentials,
    /// Where its mails arrive, if they can be read.
    pub mailbox: Option<MailboxPlace>,
    /// The domain of the addresses that are made up. Their mails have to come to the mailbox.
    pub address_domain: String,
    /// The rows to run.
    pub rows: BTreeSet<RowId>,
    /// How many race where something is raced.
    pub at_once: usize,
    /// How many wrong passwords in a row lock an account there.
    pub lockout_threshold: usize,
    /// How long to wait altogether when the service asks to come back later.
    pub patience: Duration,
}

/// Why nothing could be examined.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The client cannot be built.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The service does not answer.
    #[error("the service cannot be asked: {0}")]
    Unanswered(String),
    /// The mailbox cannot be used.
    #[error("the mailbox cannot be used: {0}")]
    Mailbox(String),
    /// The administrator's access is refused.
    #[error("the administrator is not signed in: {0}")]
    NotSignedIn(String),
    /// Whose access was given may not make accounts.
    #[error("who was to make accounts lacks the role admin")]
    NoAdministrator,
    /// The service does not do what the contract says where everything begins. What was left behind follows.
    #[error("accounts cannot be made as the contract says: {seen}{}", left(.left_behind))]
    Unusable {
        /// What it did.
        seen: String,
        /// What could not be erased.
        left_behind: Vec<String>,
    },
    /// It was ended before there was anything to report.
    #[error("interrupted before the first row{}", left(.left_behind))]
    Interrupted {
        /// What could not be erased.
        left_behind: Vec<String>,
    },
}

impl From<ServiceError> for SetupError {
    fn from(error: ServiceError) -> Self {
        Self::Unanswered(error.to_string())
    }
}

impl From<MailboxError> for SetupError {
    fn from(error: MailboxError) -> Self {
        Self::Mailbox(error.to_string())
    }
}

fn left(behind: &[String]) -> String {
    if behind.is_empty() { String::new() } else { format!("; left behind: {}", behind.join(", ")) }
}

/// Runs the rows of `plan` one after the other, telling `on_row` of each, until `interrupt`, and erases what
/// was made.
///
/// # Errors
///
/// [`SetupError`] when there is nothing that could be examined. What a row shows is in the report.
pub async fn verify(
    plan: Plan,
    interrupt: impl Future<Output = ()>,
    on_row: impl Fn(&RowReport),
) -> Result<Report, SetupError> {
    let begin = Instant::now();
    let service = Arc::new(Service::new(&plan.target, plan.patience).map_err(SetupError::Client)?);
    let mailbox = plan.mailbox.as_ref().map(Mailbox::open).transpose()?;
    let administrator = Administrator::sign_in(Arc::clone(&service), plan.administrator).await?;
    let accounts = Accounts::new(Arc::clone(&service), administrator, &plan.address_domain);
    let mut interrupt = pin!(interrupt);

    let discovered = tokio::select! {
        discovered = Installation::discover(&service, &accounts) => Some(discovered),
        () = &mut interrupt => None,
    };
    let installation = match discovered {
        Some(Ok(installation)) => installation,
        Some(Err(unshown)) => {
            let left_behind = clear_up(&service, &accounts).await;
            return Err(SetupError::Unusable { seen: unshown.to_string(), left_behind });
        }
        None => return Err(SetupError::Interrupted { left_behind: clear_up(&service, &accounts).await }),
    };
    let ground = Ground {
        service: &service,
        accounts: &accounts,
        mailbox: mailbox.as_ref(),
        installation,
        at_once: plan.at_once,
        lockout_threshold: plan.lockout_threshold,
    };
    let rows = run_rows(&plan.rows, &ground, interrupt, on_row).await;
    let left_behind = clear_up(&service, &accounts).await;
    Ok(Report {
        target: plan.target.to_string(),
        installation,
        rows,
        took: begin.elapsed(),
        waited_for_limits: service.waited(),
        left_behind,
    })
}

/// Runs those of all rows that are `wanted`, and accounts for the others.
async fn run_rows(
    wanted: &BTreeSet<RowId>,
    ground: &Ground<'_>,
    mut interrupt: Pin<&mut impl Future<Output = ()>>,
    on_row: impl Fn(&RowReport),
) -> Vec<RowReport> {
    let mut reports = Vec::new();
    let mut is_interrupted = false;
    for row in ROWS {
        let report = if !wanted.contains(&row.id) {
            row.unrun(Outcome::LeftOut, "it was not asked for")
        } else if is_interrupted {
            row.unrun(Outcome::NotRun, "interrupted")
        } else {
            tokio::select! {
                report = row.report(ground) => report,
                () = &mut interrupt => {
                    is_interrupted = true;
                    row.unrun(Outcome::NotRun, "interrupted")
                }
            }
        };
        on_row(&report);
        reports.push(report);
    }
    reports
}

/// Erases what was made and signs out, within a time. Names what is left.
async fn clear_up(service: &Service, accounts: &Accounts) -> Vec<String> {
    const ENOUGH: Duration = Duration::from_mins(1);
    /// In which a call whose answer nobody waited for has done what it does.
    const SETTLING: Duration = Duration::from_secs(1);
    service.be_patient_for(ENOUGH);
    let erase = async {
        tokio::time::sleep(SETTLING).await;
        let left_behind = accounts.erase().await;
        accounts.administrator.sign_out().await;
        left_behind
    };
    tokio::time::timeout(ENOUGH, erase).await.unwrap_or_else(|_| {
        vec![format!(
            "perhaps accounts and roles that begin with {}: erasing them takes too long",
            accounts.prefix()
        )]
    })
}

impl Row {
    async fn report(&self, ground: &Ground<'_>) -> RowReport {
        let begin = Instant::now();
        let finding = (self.run)(ground).await;
        let took = begin.elapsed();
        let outcome = finding.as_ref().map_or_else(Unshown::outcome, |_| Outcome::Passed);
        let seen = finding.unwrap_or_else(|unshown| unshown.to_string());
        RowReport { id: self.id, title: self.title, outcome, seen, took }
    }

    fn unrun(&self, outcome: Outcome, reason: &str) -> RowReport {
        RowReport { id: self.id, title: self.title, outcome, seen: reason.to_owned(), took: Duration::ZERO }
    }
}
