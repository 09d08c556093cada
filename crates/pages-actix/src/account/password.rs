//! `/account/password`: replaces the password.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{ChangePasswordCommand, UseCases};
use portcullis_domain::{EmailAddress, Password, Principal};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, fields};

use super::Part;
use crate::elements::{Field, Html, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::Submission;
use crate::visit::{SignedIn, Visit};

/// The password that they have, and the one that they want.
pub(crate) struct Replacement {
    current_password: Option<Password>,
    new_password: Password,
}

impl FromFields for Replacement {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current_password = fields.required("current_password", fields::claimed_password);
        let new_password = fields.required("new_password", fields::new_password);
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

pub(crate) async fn show(SignedIn { visit, principal }: SignedIn) -> HttpResponse {
    page(&visit, &principal.user.email, &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: SignedIn { visit, principal }, input, .. }: Submission<SignedIn, Replacement>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match change(&use_cases, input, &principal, &visit).await {
        Ok(()) => {
            visit.leave(News::PasswordChanged);
            Ok(visit.frame.redirect("account/password"))
        }
        Err(problem) => Ok(page(&visit, &principal.user.email, &Refusals::of(problem, &visit)?)),
    }
}

async fn change(
    use_cases: &UseCases,
    input: Result<Replacement, Problem>,
    principal: &Principal,
    visit: &Visit,
) -> Result<(), Problem> {
    let Replacement { current_password, new_password } = input?;
    let command = ChangePasswordCommand { current_password, new_password, client: visit.client.clone() };
    Ok(use_cases.change_password.change(principal, command).await?)
}

fn page(visit: &Visit, address: &EmailAddress, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().password, &visit.texts().common);
    let minimum = visit.site().options.password.minimum().to_string();
    let mut form = visit
        .form("account/password", &texts.button)
        .field(
            Field::current_password("current_password", &common.current_password, &common.show)
                .error(refusals.with("current_password")),
        )
        .field(
            Field::new_password("new_password", &common.new_password, &common.show)
                .hint(common.password_hint.replace("{minimum}", &minimum))
                .error(refusals.with("new_password")),
        );
    form.account = Some(address.to_string());
    let panel = Panel { text: vec![texts.text.clone()], content: Some(Html::of(form)), ..Panel::default() };
    let shell = Shell { panels: vec![panel], ..Part::Password.shell(visit, &texts.title, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
