use actix_web::{HttpResponse, web};
use portcullis_domain::ports::UserFilter;
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{OwnPermission, Page as PageOf, PageLimit, RoleName, SearchPrefix, User};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, fields};
use zeroize::Zeroizing;

use super::{path_of, state};
use crate::console::Section;
use crate::console::asked::Asked;
use crate::console::elements::{Way, words};
use crate::console::listing::{Place, found_or_refused};
use crate::elements::{Choice, Field, Html, Link, Moment, Page, Shell, Table};
use crate::refusals::{CURSOR, Refusals};
use crate::submission::Typed;
use crate::visit::{SignedIn, Visit, display_name};

/// Which users are asked for, and where the list goes on.
pub(crate) struct Question {
    filter: UserFilter,
    cursor: Option<Zeroizing<String>>,
}

const NAMES: &[&str] = &["q", "role", "email_verified", "is_active"];

impl FromFields for Question {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let prefix = fields.optional("q", SearchPrefix::parse);
        let role = fields.optional("role", fields::role_name);
        let email_verified = fields.optional("email_verified", fields::flag);
        let is_active = fields.optional("is_active", fields::flag);
        let cursor = fields.optional(CURSOR, fields::verbatim);
        let filter = UserFilter {
            prefix: prefix?,
            role: role?,
            email_verified: email_verified?,
            is_active: is_active?,
        };
        Some(Self { filter, cursor: cursor? })
    }
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    Asked { question, typed }: Asked<Question>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_users;
    let (found, refusals) = found_or_refused(find(&use_cases, question).await, &visit)?;
    let place = Place { visit: &visit, path: Section::Users.path(), names: NAMES, typed: &typed };
    let filter = place.filter(fields(&visit, &use_cases, &typed, &refusals).await?);
    let found = found.map(|PageOf { items, next_cursor }| (table(&visit, &items), next_cursor));
    let new = Link::new(&texts.new, visit.frame.to("admin/users/new"));
    let shell = Shell {
        action: visit.may(OwnPermission::UsersWrite).then_some(new),
        panels: vec![place.listing(Some(filter), found)],
        ..Section::Users.shell(&visit, &*visit.texts().console.users, &refusals)
    };
    Ok(visit.respond(Page::from(shell).refused(&refusals)))
}

async fn find(use_cases: &UseCases, question: Result<Question, Problem>) -> Result<PageOf<User>, Problem> {
    let Question { filter, cursor } = question?;
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    Ok(use_cases.list_users.list(filter, cursor, PageLimit::default()).await?)
}

async fn fields(
    visit: &Visit,
    use_cases: &UseCases,
    typed: &Typed,
    refusals: &Refusals,
) -> Result<Vec<Field>, Problem> {
    let (console, texts) = (&visit.texts().console, &visit.texts().console_users);
    let any = || Choice::new("", &console.any);
    let either = |name, label, yes: &str, no: &str| {
        Field::choice(name, label, vec![any(), Choice::new("true", yes), Choice::new("false", no)])
    };
    // Which roles there are is not for everybody to see.
    let role = if visit.may(OwnPermission::RolesRead) {
        let roles = use_cases.list_roles.list().await?;
        let choices = roles.into_iter().map(|role| Choice::new(role.name.as_str(), role.name.as_str()));
        Field::choice("role", &texts.role, [any()].into_iter().chain(choices).collect())
    } else {
        Field::text("role", &texts.role, "off")
    };
    let fields = [
        ("q", Field::text("q", &texts.q, "off")),
        ("role", role),
        (
            "email_verified",
            either("email_verified", &texts.email_verified, &texts.verified, &texts.unverified),
        ),
        ("is_active", either("is_active", &texts.is_active, &texts.active, &texts.disabled)),
    ];
    let filled =
        |(name, field): (&str, Field)| field.unforced().value(typed.value(name)).error(refusals.with(name));
    Ok(fields.into_iter().map(filled).collect())
}

fn table(visit: &Visit, users: &[User]) -> Table {
    let texts = &visit.texts().console_users;
    let row = |user: &User| {
        let called = display_name(user);
        let way = Way {
            href: visit.frame.to(&path_of(user.id)),
            label: user.email.to_string(),
            more: (called != user.email.as_str()).then_some(called),
        };
        let roles: Vec<&str> = user.roles.iter().map(RoleName::as_str).collect();
        let last_login = user
            .last_login_at
            .map_or_else(|| words(&texts.never), |last_login| Html::of(Moment::at(last_login)));
        vec![
            Html::of(way),
            words(roles.join(", ")),
            state(visit, user),
            Html::of(Moment::at(user.created_at)),
            last_login,
        ]
    };
    Table {
        caption: &texts.caption,
        head: vec![&texts.account, &texts.roles, &texts.state, &texts.since, &texts.last_login],
        rows: users.iter().map(row).collect(),
    }
}
