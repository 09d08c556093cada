//! `/verify-code`: confirms an address by the code that was mailed to it, or asks for another mail.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{UseCases, VerifyEmailByCodeCommand};
use portcullis_domain::{EmailAddress, OneTimeCode};
use portcullis_http_actix::RouteGroup;
use portcullis_http_actix::building_blocks::{
    Fields, FromFields, MailPace, PreferredLocale, Problem, fields,
};

use crate::elements::{Card, Field, Link, Page, Sign};
use crate::notice::{News, Notice};
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::Visit;

/// The address, and the code that was mailed to it; none when what was typed can be none, which counts as wrong.
pub(crate) struct Confirmation {
    email: EmailAddress,
    code: Option<OneTimeCode>,
}

impl FromFields for Confirmation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let code = fields.required("code", fields::verbatim);
        Some(Self { email: email?, code: OneTimeCode::parse(code?.trim()) })
    }
}

/// The address to mail to.
pub(crate) struct Recipient(EmailAddress);

impl FromFields for Recipient {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("email", EmailAddress::parse).map(Self)
    }
}

pub(crate) async fn show(visit: Visit) -> HttpResponse {
    page(&visit, &Typed::nothing(), &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: visit, input, typed }: Submission<Visit, Confirmation>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match confirm(&use_cases, input, &visit).await {
        Ok(address) => {
            visit.leave(Notice::about(News::AddressConfirmed, address));
            Ok(visit.frame.redirect("sign-in"))
        }
        Err(problem) => Ok(page(&visit, &typed, &Refusals::of(problem, &visit)?)),
    }
}

async fn confirm(
    use_cases: &UseCases,
    input: Result<Confirmation, Problem>,
    visit: &Visit,
) -> Result<EmailAddress, Problem> {
    let Confirmation { email, code } = input?;
    let command = VerifyEmailByCodeCommand { email, code, client: visit.client.clone() };
    Ok(use_cases.verify_email_by_code.verify(command).await?.email)
}

/// Asks for another mail.
pub(crate) async fn resend(
    Submission { visitor: visit, input, typed }: Submission<Visit, Recipient>,
    PreferredLocale(locale): PreferredLocale,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    match input {
        Ok(Recipient(address)) => {
            if pace.admit(RouteGroup::Verify, &address).await {
                use_cases.resend_verification.request(address.clone(), locale).await?;
            }
            visit.leave(Notice::about(News::CodeSent, address));
            Ok(visit.frame.redirect("verify-code"))
        }
        Err(problem) => Ok(page(&visit, &typed, &Refusals::of(problem, &visit)?)),
    }
}

fn page(visit: &Visit, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().verify_code, &visit.texts().common);
    let at_hand = visit.address_at_hand().map(ToString::to_string).unwrap_or_default();
    let email = typed.get("email").map_or(at_hand, str::to_owned);
    let code = Field::code("code", &texts.code).error(refusals.with("code"));
    let mut form = visit
        .form("verify-code", &texts.button)
        .field(Field::email("email", &common.email, "email").value(&email).error(refusals.with("email")))
        .field(if email.is_empty() { code } else { code.focused() });
    form.alternative = Some((&texts.resend, visit.frame.to("verify-code/resend")));
    let card = Card {
        banner: refusals.banner(visit).or_else(|| visit.news()),
        text: texts.text.clone(),
        forms: vec![form],
        links: vec![Link::new(&common.sign_in, visit.frame.to("sign-in"))],
        ..Card::new(Sign::Mail, &texts.title)
    };
    visit.respond(Page::from(card).refused(refusals))
}
