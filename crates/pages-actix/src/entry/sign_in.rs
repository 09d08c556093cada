//! `/sign-in`.

use actix_web::{HttpResponse, web};
use portcullis_domain::Password;
use portcullis_domain::policy::Registration;
use portcullis_domain::use_cases::{ClaimedIdentifier, LoginCommand, UseCases};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, Query, fields};
use zeroize::Zeroizing;

use crate::elements::{Card, Field, Link, Page, Sign};
use crate::notice::{News, Notice};
use crate::own_path::OwnPath;
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::Visit;

/// Where somebody goes who wants nothing else.
const HOME: &str = "account";

/// What somebody gives to sign in.
pub(crate) struct Credentials {
    identifier: Zeroizing<String>,
    password: Option<Password>,
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let identifier = fields.required("identifier", fields::verbatim);
        let password = fields.required("password", fields::claimed_password);
        Some(Self { identifier: identifier?, password: password? })
    }
}

/// Where they want to go then.
pub(crate) struct Wanted(Option<OwnPath>);

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let next = fields.optional("next", fields::verbatim)?;
        Some(Self(next.and_then(|next| OwnPath::parse(&next))))
    }
}

pub(crate) async fn show(visit: Visit, Query(Wanted(next)): Query<Wanted>) -> HttpResponse {
    if visit.principal.is_some() {
        return onward(&visit, next.as_ref());
    }
    page(&visit, next.as_ref(), &Typed::nothing(), &Refusals::none())
}

pub(crate) async fn act(
    Submission { visitor: visit, input, typed }: Submission<Visit, Credentials>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let next = typed.get("next").and_then(OwnPath::parse);
    match sign_in(&use_cases, input, &visit).await {
        Ok(()) => Ok(onward(&visit, next.as_ref())),
        Err(problem) => {
            let refusals = Refusals::of(problem, &visit)?;
            if refusals.is_unverified
                && let Some(ClaimedIdentifier::Email(text)) = typed.get("identifier").map(claimed)
                && let Ok(address) = portcullis_domain::EmailAddress::parse(&text)
            {
                visit.leave(Notice::about(News::CodeExpected, address));
            }
            Ok(page(&visit, next.as_ref(), &typed, &refusals))
        }
    }
}

async fn sign_in(
    use_cases: &UseCases,
    input: Result<Credentials, Problem>,
    visit: &Visit,
) -> Result<(), Problem> {
    let Credentials { identifier, password } = input?;
    let command = LoginCommand { identifier: claimed(&identifier), password, client: visit.client.clone() };
    visit.keep(&use_cases.login.login(command).await?.tokens);
    Ok(())
}

/// No username has an `@`, and every address does.
fn claimed(identifier: &str) -> ClaimedIdentifier {
    let text = identifier.trim().to_owned();
    if text.contains('@') { ClaimedIdentifier::Email(text) } else { ClaimedIdentifier::Username(text) }
}

fn onward(visit: &Visit, next: Option<&OwnPath>) -> HttpResponse {
    visit.frame.redirect(next.map_or(HOME, OwnPath::below_root))
}

fn page(visit: &Visit, next: Option<&OwnPath>, typed: &Typed, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().sign_in, &visit.texts().common);
    let at_hand = visit.address_at_hand().map(ToString::to_string);
    let identifier = typed.get("identifier").map(str::to_owned).or(at_hand).unwrap_or_default();
    let password =
        Field::current_password("password", &common.password, &common.show).error(refusals.with("password"));
    let mut form = visit
        .form("sign-in", &texts.button)
        .field(
            Field::text("identifier", &texts.identifier, "username")
                .value(identifier)
                .error(refusals.with("identifier")),
        )
        .field(if refusals.is_of_credentials { password.focused() } else { password });
    form.aside = Some(Link::new(&texts.forgot, visit.frame.to("forgot-password")));
    if let Some(next) = next {
        form = form.hidden("next", Zeroizing::new(format!("/{}", next.below_root())));
    }
    let sign_up =
        Link { before: Some(&texts.no_account), ..Link::new(&texts.sign_up, visit.frame.to("sign-up")) };
    let is_open = visit.site().options.registration != Registration::Closed;
    let card = Card {
        banner: refusals.banner(visit).or_else(|| visit.news()),
        forms: vec![form],
        links: is_open.then_some(sign_up).into_iter().collect(),
        ..Card::new(Sign::Person, &texts.title)
    };
    visit.respond(Page::from(card).refused(refusals))
}
