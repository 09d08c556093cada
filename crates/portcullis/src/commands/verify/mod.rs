//! `portcullis verify`: whether an installation keeps its security contract.

mod administrator;

use anyhow::{Context as _, bail};
use portcullis_verify::{Outcome, Plan, Report, RowId, RowReport};
use tokio::runtime::Runtime;

use crate::cli::{Examination, OutputFormat};
use crate::output::{print, print_json};
use crate::shutdown::EndSignals;

/// Runs the rows against the service, prints what they show, and fails unless all hold. It needs no
/// configuration: the installation may be anywhere.
pub(super) fn run(examination: Examination) -> anyhow::Result<()> {
    let format = examination.format;
    let plan = plan(examination)?;
    let runtime = Runtime::new().context("the threads of the program cannot be started")?;
    let report = runtime.block_on(verify(plan, format))?;
    if format.json {
        print_json(&report)?;
    } else {
        print(&format!("\n{report}"))?;
    }
    conclude(&report)
}

fn plan(examination: Examination) -> anyhow::Result<Plan> {
    let Examination { target, administrator, mailbox, address_domain, only, except, .. } = examination;
    let is_wanted = |id: &RowId| if only.is_empty() { !except.contains(id) } else { only.contains(id) };
    Ok(Plan {
        target,
        administrator: administrator::credentials(administrator)?,
        mailbox,
        address_domain,
        rows: RowId::all().filter(is_wanted).collect(),
        at_once: examination.at_once.into(),
        lockout_threshold: examination.lockout_threshold.into(),
        patience: examination.patience,
    })
}

async fn verify(plan: Plan, format: OutputFormat) -> anyhow::Result<Report> {
    let mut signals = EndSignals::take_over().context("signals cannot be taken over")?;
    let interrupt = async {
        signals.received().await;
    };
    let on_row = |row: &RowReport| {
        if !format.json {
            // The report is printed again as a whole for programs; people who hung up have seen enough.
            print(&row.to_string()).ok();
        }
    };
    Ok(portcullis_verify::verify(plan, interrupt, on_row).await?)
}

fn conclude(report: &Report) -> anyhow::Result<()> {
    let (failed, not_run) = (report.count(Outcome::Failed), report.count(Outcome::NotRun));
    if report.is_good() {
        Ok(())
    } else if failed + not_run > 0 {
        bail!("{failed} of {} rows failed, {not_run} could not be run", report.rows.len());
    } else {
        bail!("accounts or roles were left behind");
    }
}
