//! `/account/delete`: erases the account.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{EmailAddress, Password, Principal};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, fields};

use super::Part;
use crate::elements::{Field, Html, Link, Page, Panel, Shell, Weight};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::Submission;
use crate::visit::{SignedIn, Visit};

/// What shows that the account is theirs.
pub(crate) struct Proof(Option<Password>);

impl FromFields for Proof {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("password", fields::claimed_password).map(Self)
    }
}

pub(crate) async fn show(SignedIn { visit, principal }: SignedIn) -> HttpResponse {
    page(&visit, &principal.user.email, &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: SignedIn { visit, principal }, input, .. }: Submission<SignedIn, Proof>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match delete(&use_cases, input, &principal, &visit).await {
        Ok(()) => {
            visit.forget();
            visit.leave(News::AccountDeleted);
            Ok(visit.frame.redirect("sign-in"))
        }
        Err(problem) => Ok(page(&visit, &principal.user.email, &Refusals::of(problem, &visit)?)),
    }
}

async fn delete(
    use_cases: &UseCases,
    input: Result<Proof, Problem>,
    principal: &Principal,
    visit: &Visit,
) -> Result<(), Problem> {
    let Proof(password) = input?;
    Ok(use_cases.delete_account.delete(principal, password, visit.client.clone()).await?)
}

fn page(visit: &Visit, address: &EmailAddress, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().deletion, &visit.texts().common);
    let mut form = visit.form("account/delete", &texts.button).field(
        Field::current_password("password", &common.current_password, &common.show)
            .error(refusals.with("password")),
    );
    form.account = Some(address.to_string());
    form.weight = Weight::Danger;
    form.cancel = Some(Link::new(&common.cancel, visit.frame.to("account")));
    let panel = Panel {
        text: vec![texts.text.replace("{address}", address.as_str())],
        content: Some(Html::of(form)),
        is_dangerous: true,
        ..Panel::default()
    };
    let shell = Shell { panels: vec![panel], ..Part::Profile.shell(visit, &texts.title, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
