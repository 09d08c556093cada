//! `portcullis audit`: the audit trail.

use std::collections::BTreeMap;
use std::fmt;

use portcullis_domain::audit::AuditEvent;
use portcullis_domain::use_cases::AuditFilter;
use portcullis_domain::{UserAgent, UserId};
use serde::Serialize;

use super::listing::print_list;
use super::user::find;
use crate::audit_log;
use crate::cli::{AuditCommand, EventSelection, UserReference};
use crate::config::Config;
use crate::wiring::Installation;

/// Runs one of the commands on the audit trail.
pub(super) async fn run(config: &Config, command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::List(selection) = command;
    list(config, selection).await
}

/// Prints the selected events, the newest first.
async fn list(config: &Config, selection: EventSelection) -> anyhow::Result<()> {
    let EventSelection { user, kind, since, limit, format } = selection;
    let installation = Installation::for_command(config).await?;
    let user = match user {
        None => None,
        // Whoever was erased is still in the trail.
        Some(UserReference::Id(id)) => Some(id),
        Some(named) => Some(find(&installation.use_cases, &named).await?.id),
    };
    let since = since.map(|start| start.moment(installation.clock.now()));
    let filter = AuditFilter { user, kind, since, until: None };
    let list_events = &installation.use_cases.list_audit_events;
    print_list(
        format,
        &EventView::head(),
        limit,
        async |cursor, limit| list_events.list(filter, cursor, limit).await,
        |listing, events| listing.print_page(&events.iter().map(EventView::of).collect::<Vec<_>>()),
    )
    .await
}

/// An event as the HTTP API shows one; displayed as a row of a table.
#[derive(Serialize)]
struct EventView<'a> {
    id: String,
    at: String,
    kind: &'static str,
    outcome: &'static str,
    actor_id: Option<String>,
    subject_id: Option<String>,
    ip: Option<String>,
    user_agent: Option<&'a str>,
    detail: &'a BTreeMap<String, String>,
    #[serde(skip)]
    detail_in_words: Option<String>,
}

impl<'a> EventView<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        let id = |user: Option<UserId>| user.map(|user| user.to_string());
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            kind: event.kind.name(),
            outcome: event.outcome.name(),
            actor_id: id(event.actor),
            subject_id: id(event.subject),
            ip: event.client.ip.map(|ip| ip.to_string()),
            user_agent: event.client.user_agent.as_ref().map(UserAgent::as_str),
            detail: &event.detail,
            detail_in_words: audit_log::detail(event),
        }
    }

    fn head() -> String {
        row(["AT", "KIND", "OUTCOME", "ACTOR", "SUBJECT", "IP", "DETAIL"])
    }
}

impl fmt::Display for EventView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [actor, subject, ip, detail] =
            [&self.actor_id, &self.subject_id, &self.ip, &self.detail_in_words]
                .map(|value| value.as_deref().unwrap_or("-"));
        formatter.write_str(&row([&self.at, self.kind, self.outcome, actor, subject, ip, detail]))
    }
}

fn row(cells: [&str; 7]) -> String {
    let [at, kind, outcome, actor, subject, ip, detail] = cells;
    format!("{at:<27}  {kind:<20}  {outcome:<7}  {actor:<36}  {subject:<36}  {ip:<15}  {detail}")
}
