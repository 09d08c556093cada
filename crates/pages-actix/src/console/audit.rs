//! `/admin/audit`: what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actix_web::{HttpResponse, web};
use askama::Template;
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::use_cases::{AuditFilter, FindUserError, UseCases};
use portcullis_domain::{
    Client, EmailAddress, InvalidValue, LoginIdentifier, Page as PageOf, PageLimit, Timestamp, UserId,
};
use portcullis_http_actix::building_blocks::{Fault, FieldCode, Fields, FromFields, Problem, fields};
use time::Date;
use time::macros::format_description;
use zeroize::Zeroizing;

use super::Section;
use super::asked::{Asked, address};
use super::elements::{Badges, Tags, Way, breakable, words};
use super::listing::{Place, found_or_refused};
use super::users::path_of;
use crate::account::device::describe;
use crate::elements::{Choice, Field, Html, Moment, Page, Shell, Table};
use crate::refusals::{CURSOR, Refusals};
use crate::submission::Typed;
use crate::visit::{SignedIn, Visit};

/// Which events are asked for, and where the list goes on.
pub(crate) struct Question {
    whose: Option<Whose>,
    filter: AuditFilter,
    cursor: Option<Zeroizing<String>>,
}

/// The user that events are about, as somebody names them.
enum Whose {
    Id(UserId),
    Address(EmailAddress),
}

impl Whose {
    fn parse(text: &str) -> Result<Self, InvalidValue> {
        UserId::parse(text).map(Self::Id).or_else(|_| EmailAddress::parse(text).map(Self::Address))
    }
}

const NAMES: &[&str] = &["user_id", "kind", "since", "until"];

impl FromFields for Question {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        const DAY: Duration = Duration::from_hours(24);
        let whose = fields.optional("user_id", Whose::parse);
        let kind = fields.optional("kind", AuditKind::parse);
        let since = fields.optional("since", day);
        let until = fields.optional("until", day);
        let cursor = fields.optional(CURSOR, fields::verbatim);
        let filter = AuditFilter {
            user: None,
            kind: kind?,
            since: since?,
            // The last day is among what is asked for.
            until: until?.map(|last_day| last_day + DAY),
        };
        Some(Self { whose: whose?, filter, cursor: cursor? })
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
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let (found, refusals) = found_or_refused(find(&use_cases, &visit, question).await, &visit)?;
    let place = Place { visit: &visit, path: Section::Audit.path(), names: NAMES, typed: &typed };
    let filter = place.filter(fields(&visit, &typed, &refusals));
    let found = match found {
        Some(PageOf { items, next_cursor }) => {
            let people = people_in(&use_cases, &visit, &items).await?;
            Some((table(&visit, &items, &people), next_cursor))
        }
        None => None,
    };
    let shell = Shell {
        panels: vec![place.listing(Some(filter), found)],
        ..Section::Audit.shell(&visit, &*visit.texts().console.audit, &refusals)
    };
    Ok(visit.respond(Page::from(shell).refused(&refusals)))
}

async fn find(
    use_cases: &UseCases,
    visit: &Visit,
    question: Result<Question, Problem>,
) -> Result<PageOf<AuditEvent>, Problem> {
    let Question { whose, filter, cursor } = question?;
    let user = match whose {
        Some(Whose::Id(user)) => Some(user),
        Some(Whose::Address(address)) => Some(owner_of(address, use_cases, visit).await?),
        None => None,
    };
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let filter = AuditFilter { user, ..filter };
    Ok(use_cases.list_audit_events.list(filter, cursor, PageLimit::default()).await?)
}

/// Who may not see accounts does not learn either which addresses have one.
async fn owner_of(address: EmailAddress, use_cases: &UseCases, visit: &Visit) -> Result<UserId, Problem> {
    let nobody = || {
        let fault = Fault::new(FieldCode::Unknown, "is the address of no account that you may see");
        Problem::validation_failed(vec![fault.of("user_id")])
    };
    if !visit.may(Section::Users.permission()) {
        return Err(nobody());
    }
    match use_cases.find_user.find_by_login(&LoginIdentifier::Email(address)).await {
        Ok(user) => Ok(user.id),
        Err(FindUserError::NotFound) => Err(nobody()),
        Err(FindUserError::Storage(error)) => Err(error.into()),
    }
}

/// The addresses of those whom events name; of nobody who is deleted, and none for who may not see accounts.
type People = BTreeMap<UserId, EmailAddress>;

async fn people_in(use_cases: &UseCases, visit: &Visit, events: &[AuditEvent]) -> Result<People, Problem> {
    let mut people = People::new();
    if !visit.may(Section::Users.permission()) {
        return Ok(people);
    }
    let named: BTreeSet<_> = events.iter().flat_map(|event| [event.actor, event.subject]).flatten().collect();
    for id in named {
        match use_cases.find_user.find(id).await {
            Ok(user) => drop(people.insert(id, user.email)),
            Err(FindUserError::NotFound) => {}
            Err(FindUserError::Storage(error)) => return Err(error.into()),
        }
    }
    Ok(people)
}

fn fields(visit: &Visit, typed: &Typed, refusals: &Refusals) -> Vec<Field> {
    let texts = &visit.texts().console_audit;
    let any = Choice::new("", &visit.texts().console.any);
    let mut kinds: Vec<Choice> =
        AuditKind::ALL.iter().map(|kind| Choice::new(kind.name(), word_for(visit, *kind))).collect();
    kinds.sort_unstable_by(|one, other| one.label.cmp(&other.label));
    let fields = [
        ("user_id", Field::text("user_id", &texts.user, "off")),
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

fn table(visit: &Visit, events: &[AuditEvent], people: &People) -> Table {
    let texts = &visit.texts().console_audit;
    let row = |event: &AuditEvent| {
        let failure = (event.outcome == AuditOutcome::Failure).then_some((&*texts.failure, "problem"));
        let kind = Badges { text: word_for(visit, event.kind), badges: failure.into_iter().collect() };
        let detail = event.detail.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        vec![
            Html::of(Moment::to_the_second(event.at)),
            Html::of(kind),
            party(visit, event.actor, people),
            party(visit, event.subject, people),
            origin(visit, &event.client),
            Html::of(Tags { tags: detail }),
        ]
    };
    Table {
        caption: &texts.caption,
        head: vec![&texts.at, &texts.kind, &texts.actor, &texts.subject, &texts.ip, &texts.detail],
        rows: events.iter().map(row).collect(),
    }
}

/// Somebody by their address, with the way to their page; else by the end of their id, which tells people apart, with
/// the way to what is known of them here.
fn party(visit: &Visit, user: Option<UserId>, people: &People) -> Html {
    let Some(user) = user else { return words("–") };
    let way = if let Some(email) = people.get(&user) {
        Way { href: visit.frame.to(&path_of(user)), label: email.to_string(), more: None }
    } else {
        let id = user.to_string();
        let label = format!("…{}", id.rsplit('-').next().unwrap_or_default());
        Way { href: address(&visit.frame.to(Section::Audit.path()), [("user_id", id)]), label, more: None }
    };
    Html::of(way)
}

/// From where, and with what.
fn origin(visit: &Visit, client: &Client) -> Html {
    Html::of(Origin {
        address: client.ip.map(|ip| ip.to_string()),
        device: client
            .user_agent
            .as_ref()
            .map(|agent| (describe(Some(agent), &visit.texts().sessions), agent.as_str().to_owned())),
    })
}

/// Where something came from.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% if let Some(address) = address %}<span class="mono" translate="no">{{ self::breakable(address)|safe }}</span>{% endif %}{% if let Some((name, full)) = device %} <span class="more" translate="no" title="{{ full }}">{{ self::breakable(name)|safe }}</span>{% endif %}"#
)]
struct Origin {
    address: Option<String>,
    /// What it is called, and what it calls itself.
    device: Option<(String, String)>,
}
