//! `/account/email`: asks to move the account to another address.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{RequestEmailChangeCommand, UseCases};
use portcullis_domain::{EmailAddress, Password, Principal};
use portcullis_http_actix::building_blocks::{Fields, FromFields, MailPace, Problem, fields};

use super::Part;
use crate::elements::{Field, Html, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::{SignedIn, Visit};

/// The address that they want, and what shows who they are.
pub(crate) struct Move {
    new_email: EmailAddress,
    password: Option<Password>,
}

impl FromFields for Move {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let new_email = fields.required("new_email", EmailAddress::parse);
        let password = fields.required("password", fields::claimed_password);
        Some(Self { new_email: new_email?, password: password? })
    }
}

pub(crate) async fn show(SignedIn { visit, principal }: SignedIn) -> HttpResponse {
    page(&visit, &principal.user.email, &Typed::nothing(), &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: SignedIn { visit, principal }, input, typed }: Submission<SignedIn, Move>,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match request(use_cases, input, &principal, &visit, pace).await {
        Ok(()) => {
            visit.leave(News::EmailChangeRequested);
            Ok(visit.frame.redirect("account/email"))
        }
        Err(problem) => Ok(page(&visit, &principal.user.email, &typed, &Refusals::of(problem, &visit)?)),
    }
}

async fn request(
    use_cases: web::Data<UseCases>,
    input: Result<Move, Problem>,
    principal: &Principal,
    visit: &Visit,
    pace: MailPace,
) -> Result<(), Problem> {
    let Move { new_email, password } = input?;
    let command = RequestEmailChangeCommand { new_email, password, client: visit.client.clone() };
    pace.request_email_change(use_cases, principal.clone(), command).await
}

fn page(visit: &Visit, address: &EmailAddress, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().email, &visit.texts().common);
    let form = visit
        .form("account/email", &texts.button)
        .field(
            Field::email("new_email", &texts.new_email, "email")
                .value(typed.value("new_email"))
                .error(refusals.with("new_email")),
        )
        .field(
            Field::current_password("password", &common.current_password, &common.show)
                .error(refusals.with("password")),
        );
    let panel = Panel {
        text: vec![texts.text.replace("{address}", address.as_str())],
        content: Some(Html::of(form)),
        ..Panel::default()
    };
    let shell = Shell { panels: vec![panel], ..Part::Email.shell(visit, &texts.title, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
