//! `/sign-up`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::policy::Registration;
use portcullis_domain::use_cases::{RegisterCommand, Registered, UseCases};
use portcullis_domain::{EmailAddress, Locale, Name, Password, ProfileNames};
use portcullis_http_actix::building_blocks::{
    Fields, FromFields, MailPace, PreferredLocale, Problem, fields,
};

use crate::elements::{Card, Field, Link, Page, Sign};
use crate::notice::{News, Notice};
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::Visit;

/// What somebody gives to register.
pub(crate) struct SignUp {
    name: Option<Name>,
    email: EmailAddress,
    password: Password,
}

impl FromFields for SignUp {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", Name::parse);
        let email = fields.required("email", EmailAddress::parse);
        let password = fields.required("password", fields::new_password);
        Some(Self { name: name?, email: email?, password: password? })
    }
}

pub(crate) async fn show(visit: Visit) -> HttpResponse {
    if visit.principal.is_some() {
        return visit.frame.redirect("account");
    }
    if visit.site().options.registration == Registration::Closed {
        return closed(&visit);
    }
    page(&visit, &Typed::nothing(), &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: visit, input, typed }: Submission<Visit, SignUp>,
    PreferredLocale(locale): PreferredLocale,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    if visit.site().options.registration == Registration::Closed {
        return Ok(closed(&visit));
    }
    match register(use_cases, input, locale, &visit, pace).await {
        Ok(next) => Ok(visit.frame.redirect(next)),
        Err(problem) => Ok(page(&visit, &typed, &Refusals::of(problem, &visit)?)),
    }
}

/// Registers, and says where to go then.
async fn register(
    use_cases: web::Data<UseCases>,
    input: Result<SignUp, Problem>,
    locale: Option<Locale>,
    visit: &Visit,
    pace: MailPace,
) -> Result<&'static str, Problem> {
    let SignUp { name, email, password } = input?;
    let command = RegisterCommand {
        email: email.clone(),
        password,
        username: None,
        profile: ProfileNames { name, ..ProfileNames::default() },
        locale,
        client: visit.client.clone(),
    };
    match pace.register(use_cases, command).await? {
        Registered::Created { tokens: Some(tokens), .. } => {
            visit.keep(&tokens);
            Ok("account")
        }
        Registered::Created { tokens: None, .. } | Registered::Pending => Ok(pending(visit, email)),
    }
}

fn pending(visit: &Visit, email: EmailAddress) -> &'static str {
    visit.leave(Notice::about(News::CodeExpected, email));
    "verify-code"
}

fn page(visit: &Visit, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().sign_up, &visit.texts().common);
    let minimum = visit.site().options.password.minimum().to_string();
    let form = visit
        .form("sign-up", &texts.button)
        .field(
            Field::text("name", &texts.name, "name")
                .optional(&common.optional)
                .value(typed.value("name"))
                .error(refusals.with("name")),
        )
        .field(
            Field::email("email", &common.email, "username")
                .value(typed.value("email"))
                .error(refusals.with("email")),
        )
        .field(
            Field::new_password("password", &common.password, &common.show)
                .hint(common.password_hint.replace("{minimum}", &minimum))
                .error(refusals.with("password")),
        );
    let sign_in =
        Link { before: Some(&texts.have_account), ..Link::new(&common.sign_in, visit.frame.to("sign-in")) };
    let card = Card {
        banner: refusals.banner(visit),
        forms: vec![form],
        links: vec![sign_in],
        ..Card::new(Sign::Person, &texts.title)
    };
    visit.respond(Page::from(card).refused(refusals))
}

fn closed(visit: &Visit) -> HttpResponse {
    let notice = &visit.texts().sign_up.closed;
    let sign_in = Link::new(&visit.texts().common.sign_in, visit.frame.to("sign-in"));
    let card =
        Card { text: notice.text.clone(), links: vec![sign_in], ..Card::new(Sign::Problem, &notice.title) };
    visit.respond(Page::from(card).with_status(StatusCode::FORBIDDEN))
}
