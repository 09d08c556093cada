//! `/forgot-password`: asks for a link that sets a new password.

use actix_web::{HttpResponse, web};
use portcullis_domain::EmailAddress;
use portcullis_domain::use_cases::UseCases;
use portcullis_http_actix::RouteGroup;
use portcullis_http_actix::building_blocks::{Fields, FromFields, MailPace, PreferredLocale, Problem};

use crate::elements::{Card, Field, Link, Page, Sign};
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::Visit;

/// Whose password it is.
pub(crate) struct Owner(EmailAddress);

impl FromFields for Owner {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("email", EmailAddress::parse).map(Self)
    }
}

pub(crate) async fn show(visit: Visit) -> HttpResponse {
    page(&visit, &Typed::nothing(), &Refusals::none())
}

/// Answers alike for every address.
pub(crate) async fn act(
    Submission { visitor: visit, input, typed }: Submission<Visit, Owner>,
    PreferredLocale(locale): PreferredLocale,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match input {
        Ok(Owner(address)) => {
            if pace.admit(RouteGroup::Reset, &address).await {
                use_cases.request_password_reset.request(address.clone(), locale).await?;
            }
            Ok(done(&visit, &address))
        }
        Err(problem) => Ok(page(&visit, &typed, &Refusals::of(problem, &visit)?)),
    }
}

fn page(visit: &Visit, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().forgot_password, &visit.texts().common);
    let form = visit.form("forgot-password", &texts.button).field(
        Field::email("email", &common.email, "username")
            .value(typed.value("email"))
            .error(refusals.with("email")),
    );
    let card = Card {
        text: texts.text.clone(),
        forms: vec![form],
        links: vec![Link::new(&texts.back, visit.frame.to("sign-in"))],
        ..Card::new(Sign::Password, &texts.title)
    };
    visit.respond(Page::from(card).refused(refusals))
}

fn done(visit: &Visit, address: &EmailAddress) -> HttpResponse {
    let texts = &visit.texts().forgot_password;
    let card = Card {
        address: Some(address.to_string()),
        text: texts.done.text.clone(),
        links: vec![Link::new(&texts.back, visit.frame.to("sign-in"))],
        ..Card::new(Sign::Mail, &texts.done.title)
    };
    visit.respond(card.into())
}
