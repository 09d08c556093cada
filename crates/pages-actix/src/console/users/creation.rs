//! `/admin/users/new`: makes an account for somebody.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{CreateUserCommand, UseCases};
use portcullis_domain::{Actor, EmailAddress, Name, Password, ProfileNames, User, Username};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, fields};

use super::{name_fields, path_of};
use crate::console::Section;
use crate::elements::{Field, Html, Link, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::{SignedIn, Visit};

/// Whose account it shall be.
pub(crate) struct Person {
    email: EmailAddress,
    password: Option<Password>,
    email_verified: bool,
    username: Option<Username>,
    profile: ProfileNames,
}

impl FromFields for Person {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let password = fields.optional("password", fields::new_password);
        let email_verified = fields.optional("email_verified", fields::flag);
        let username = fields.optional("username", Username::parse);
        let name = fields.optional("name", Name::parse);
        let first_name = fields.optional("first_name", Name::parse);
        let last_name = fields.optional("last_name", Name::parse);
        Some(Self {
            email: email?,
            password: password?,
            email_verified: email_verified?.unwrap_or(false),
            username: username?,
            profile: ProfileNames { name: name?, first_name: first_name?, last_name: last_name? },
        })
    }
}

impl From<Person> for CreateUserCommand {
    fn from(Person { email, password, email_verified, username, profile }: Person) -> Self {
        Self {
            email,
            password,
            username,
            profile,
            email_verified,
            is_active: true,
            roles: BTreeSet::new(),
            // The language of who asks is not that of who is invited.
            locale: None,
        }
    }
}

pub(crate) async fn show(SignedIn { visit, .. }: SignedIn) -> HttpResponse {
    page(&visit, &Typed::nothing(), &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor, input, typed }: Submission<SignedIn, Person>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    match create(&use_cases, &visitor.actor(), input).await {
        Ok(user) => {
            visit.leave(News::UserCreated);
            Ok(visit.frame.redirect(&path_of(user.id)))
        }
        Err(problem) => Ok(page(visit, &typed, &Refusals::of(problem, visit)?)),
    }
}

async fn create(
    use_cases: &UseCases,
    actor: &Actor,
    input: Result<Person, Problem>,
) -> Result<User, Problem> {
    Ok(use_cases.create_user.create(actor, input?.into()).await?)
}

fn page(visit: &Visit, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().console_users, &visit.texts().common);
    let mut form = visit
        .form("admin/users/new", &texts.create)
        .field(
            Field::email("email", &common.email, "off")
                .value(typed.value("email"))
                .error(refusals.with("email")),
        )
        .field(
            Field::new_password("password", &common.password, &common.show)
                .optional(&common.optional)
                .hint(&texts.password_hint)
                .error(refusals.with("password")),
        )
        .field(Field::switch("email_verified", &texts.is_verified).value(typed.value("email_verified")));
    form.fields.extend(name_fields(visit, |name| typed.content(name), refusals));
    form.cancel = Some(Link::new(&common.cancel, visit.frame.to(Section::Users.path())));
    let panel = Panel { content: Some(Html::of(form)), ..Panel::default() };
    let shell = Shell { panels: vec![panel], ..Section::Users.shell(visit, &*texts.new, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
