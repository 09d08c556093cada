//! `/admin/audit`: what happened.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::use_cases::{AuditFilter, UseCases};
use portcullis_domain::{Page as PageOf, PageLimit, Timestamp, UserId};
use portcullis_http_actix::building_blocks::{Fault, FieldCode, Fields, FromFields, Problem, fields};
use time::Date;
use time::macros::format_description;
use zeroize::Zeroizing;

use super::Section;
use super::asked::Asked;
use super::elements::{Badges, Tags, Way, literal, words};
use super::listing::{Place, found_or_refused};
use super::users::path_of;
use crate::elements::{Choice, Field, Html, Moment, Page, Shell, Table};
use crate::refusals::{CURSOR, Refusals};
use crate::submission::Typed;
use crate::visit::{SignedIn, Visit};

/// Which events are asked for, and where the list goes on.
pub(crate) struct Question {
    filter: AuditFilter,
    cursor: Option<Zeroizing<String>>,
}

const NAMES: &[&str] = &["user", "kind", "since", "until"];

impl FromFields for Question {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        const DAY: Duration = Duration::from_hours(24);
        let user = fields.optional("user", UserId::parse);
        let kind = fields.optional("kind", AuditKind::parse);
        let since = fields.optional("since", day);
        let until = fields.optional("until", day);
        let cursor = fields.optional(CURSOR, fields::verbatim);
        let filter = AuditFilter {
            user: user?,
            kind: kind?,
            since: since?,
            // The last day is among what is asked for.
            until: until?.map(|last_day| last_day + DAY),
        };
        Some(Self { filter, cursor: cursor? })
    }
}

/// When a day begins, in UTC.
fn day(text: &str) -> Result<Timestamp, Fault> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| Fault::new(FieldCode::Invalid, "has to be a day"))?;
    Ok(date.midnight().assume_utc().into())
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    Asked { question, typed }: Asked<Question>,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let (found, refusals) = found_or_refused(find(&domain, question).await, &visit)?;
    let place = Place { visit: &visit, path: Section::Audit.path(), names: NAMES, typed: &typed };
    let filter = place.filter(fields(&visit, &typed, &refusals));
    let found = found.map(|PageOf { items, next_cursor }| (table(&visit, &items), next_cursor));
    let shell = Shell {
        panels: vec![place.listing(Some(filter), found)],
        ..Section::Audit.shell(&visit, &*visit.texts().console.audit, &refusals)
    };
    Ok(visit.respond(Page::from(shell).with_status(refusals.status())))
}

async fn find(domain: &UseCases, question: Result<Question, Problem>) -> Result<PageOf<AuditEvent>, Problem> {
    let Question { filter, cursor } = question?;
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    Ok(domain.list_audit_events.list(filter, cursor, PageLimit::default()).await?)
}

fn fields(visit: &Visit, typed: &Typed, refusals: &Refusals) -> Vec<Field> {
    let texts = &visit.texts().console_audit;
    let any = Choice::new("", &visit.texts().console.any);
    let mut kinds: Vec<Choice> =
        AuditKind::ALL.iter().map(|kind| Choice::new(kind.name(), word_for(visit, *kind))).collect();
    kinds.sort_unstable_by(|one, other| one.label.cmp(&other.label));
    let fields = [
        ("user", Field::text("user", &texts.user, "off")),
        ("kind", Field::choice("kind", &texts.kind, [any].into_iter().chain(kinds).collect())),
        ("since", Field::date("since", &texts.since)),
        ("until", Field::date("until", &texts.until)),
    ];
    let filled =
        |(name, field): (&str, Field)| field.unforced().value(typed.value(name)).error(refusals.with(name));
    fields.into_iter().map(filled).collect()
}

fn word_for(visit: &Visit, kind: AuditKind) -> &'static str {
    &visit.texts().console_audit.kinds[kind.name()]
}

fn table(visit: &Visit, events: &[AuditEvent]) -> Table {
    let texts = &visit.texts().console_audit;
    let row = |event: &AuditEvent| {
        let failure = (event.outcome == AuditOutcome::Failure).then_some((&*texts.failure, "problem"));
        let kind = Badges { text: word_for(visit, event.kind), badges: failure.into_iter().collect() };
        let detail = event.detail.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let address = event.client.ip.map(|ip| ip.to_string()).unwrap_or_default();
        vec![
            Html::of(Moment::to_the_second(event.at)),
            Html::of(kind),
            party(visit, event.actor),
            party(visit, event.subject),
            literal(address),
            Html::of(Tags { tags: detail }),
        ]
    };
    Table {
        caption: &texts.caption,
        head: vec![&texts.at, &texts.kind, &texts.actor, &texts.subject, &texts.ip, &texts.detail],
        rows: events.iter().map(row).collect(),
    }
}

/// Somebody by the end of their id, which tells people apart, and the way to their page for who may see it.
fn party(visit: &Visit, user: Option<UserId>) -> Html {
    let Some(user) = user else { return words("–") };
    let id = user.to_string();
    let label = format!("…{}", id.rsplit('-').next().unwrap_or_default());
    if visit.may(Section::Users.permission()) {
        Html::of(Way { href: visit.frame.to(&path_of(user)), label, more: None })
    } else {
        literal(label)
    }
}
