//! `/admin/users/{id}/edit`: changes what is known of somebody.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{UpdateUserCommand, UseCases};
use portcullis_domain::{Actor, EmailAddress, User, UserId};
use portcullis_http_actix::building_blocks::{Fields, FromFields, PathId, Problem};

use super::{name_fields, path_of};
use crate::account::profile::{Names, name_of};
use crate::console::Section;
use crate::elements::{Content, Field, Html, Link, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::Submission;
use crate::visit::{SignedIn, Visit};

/// What shall be different in how they are reached and called.
pub(crate) struct Person {
    email: Option<EmailAddress>,
    names: Names,
}

impl FromFields for Person {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.replacement("email", EmailAddress::parse);
        let names = Names::from_fields(fields);
        Some(Self { email: email?, names: names? })
    }
}

impl From<Person> for UpdateUserCommand {
    fn from(Person { email, names: Names(profile) }: Person) -> Self {
        Self { profile, email, ..Self::default() }
    }
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.find_user.find(id.named()?).await?;
    let content = |field: &str| {
        Content::to_change(match field {
            "email" => user.email.to_string(),
            name => name_of(&user, name),
        })
    };
    Ok(page(&visit, &user, content, &Refusals::none()))
}

pub(crate) async fn act(
    Submission { visitor, input, typed }: Submission<SignedIn, Person>,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    let user = use_cases.find_user.find(id.named()?).await?;
    match change(&use_cases, &visitor.actor(), &user, input).await {
        Ok(()) => {
            visit.leave(News::UserSaved);
            Ok(visit.frame.redirect(&path_of(user.id)))
        }
        Err(problem) => {
            let refusals = Refusals::of(problem, visit)?;
            Ok(page(visit, &user, |field| typed.content(field), &refusals))
        }
    }
}

async fn change(
    use_cases: &UseCases,
    actor: &Actor,
    user: &User,
    input: Result<Person, Problem>,
) -> Result<(), Problem> {
    use_cases.update_user.update(actor, user.id, input?.into()).await?;
    Ok(())
}

fn page(visit: &Visit, user: &User, content: impl Fn(&str) -> Content, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().console_users, &visit.texts().common);
    let mut form = visit.form(&format!("{}/edit", path_of(user.id)), &visit.texts().console.save).field(
        Field::email("email", &common.email, "off")
            .content(content("email"))
            .hint(&texts.edit_text)
            .error(refusals.with("email")),
    );
    form.fields.extend(name_fields(visit, content, refusals));
    form.cancel = Some(Link::new(&common.cancel, visit.frame.to(&path_of(user.id))));
    let panel = Panel { content: Some(Html::of(form)), ..Panel::default() };
    let shell = Shell { panels: vec![panel], ..Section::Users.shell(visit, &*texts.edit, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
