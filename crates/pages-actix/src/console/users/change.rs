//! `/admin/users/{id}/edit`: changes what is known of somebody.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{UpdateUserCommand, UseCases};
use portcullis_domain::{Actor, EmailAddress, User, UserId};
use portcullis_http_actix::building_blocks::{Fields, FromFields, PathId, Problem};

use super::{name_fields, path_of};
use crate::account::profile::{Names, name_of};
use crate::console::Section;
use crate::elements::{Field, Html, Link, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::Submission;
use crate::visit::{SignedIn, Visit};

/// How they shall be reached and called.
pub(crate) struct Person {
    email: EmailAddress,
    names: Names,
}

impl FromFields for Person {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let names = Names::from_fields(fields);
        Some(Self { email: email?, names: names? })
    }
}

impl Person {
    /// What of it is different: a form always sends all fields.
    fn change_of(self, user: &User) -> UpdateUserCommand {
        let is_another = self.email.as_str() != user.email.as_str();
        UpdateUserCommand {
            profile: self.names.change_of(user),
            email: is_another.then_some(self.email),
            ..UpdateUserCommand::default()
        }
    }
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.find_user.find(id.named()?).await?;
    let value = |field: &str| match field {
        "email" => user.email.to_string(),
        name => name_of(&user, name),
    };
    Ok(page(&visit, &user, value, &Refusals::none()))
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
            Ok(page(visit, &user, |field| typed.value(field), &refusals))
        }
    }
}

async fn change(
    use_cases: &UseCases,
    actor: &Actor,
    user: &User,
    input: Result<Person, Problem>,
) -> Result<(), Problem> {
    use_cases.update_user.update(actor, user.id, input?.change_of(user)).await?;
    Ok(())
}

fn page(visit: &Visit, user: &User, value: impl Fn(&str) -> String, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().console_users, &visit.texts().common);
    let mut form = visit.form(&format!("{}/edit", path_of(user.id)), &visit.texts().console.save).field(
        Field::email("email", &common.email, "off")
            .value(value("email"))
            .hint(&texts.edit_text)
            .error(refusals.with("email")),
    );
    form.fields.extend(name_fields(visit, value, refusals));
    form.cancel = Some(Link::new(&common.cancel, visit.frame.to(&path_of(user.id))));
    let panel = Panel { content: Some(Html::of(form)), ..Panel::default() };
    let shell = Shell { panels: vec![panel], ..Section::Users.shell(visit, &*texts.edit, refusals) };
    visit.respond(Page::from(shell).with_status(refusals.status()))
}
