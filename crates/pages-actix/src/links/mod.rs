//! What the pages share that mailed links lead to.

use std::convert::Infallible;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use minijinja::context;
use minijinja::value::Serde;
use portcullis_domain::{EmailAddress, TokenSecret};

use super::language::Language;
use super::layout::{Page, Place};
use super::texts::{Notice, Question};
use crate::fields::{Fields, FromFields};
use crate::problem::Problem;
use crate::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::request_id::RequestId;

/// The secret of a link as it comes back, in the query of its page or in a hidden field of the form there; none
/// when what came can be none.
pub(super) struct ReturnedToken(pub(super) Option<TokenSecret>);

impl FromFields for ReturnedToken {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.optional("token", |text: &str| Ok::<_, Infallible>(TokenSecret::parse(text)))?;
        Some(Self(token.flatten()))
    }
}

/// Asks for the press of a button, which sends the secret back to the page at `path`.
pub(super) fn ask(
    language: Language,
    path: &str,
    question: &Question,
    address: &EmailAddress,
    token: &TokenSecret,
) -> HttpResponse {
    let content = context! {
        action => relative(path),
        question => Serde(question),
        address => address.as_str(),
        token => token.expose().as_str(),
    };
    Page { status: StatusCode::OK, language, template: "confirmation.html", content, place: Place::Root }
        .respond()
}

/// Tells what is done.
pub(super) fn tell_success(language: Language, notice: &Notice, address: &EmailAddress) -> HttpResponse {
    tell(language, StatusCode::OK, "success", notice, Some(address))
}

/// Tells what cannot be done, and what to do instead.
pub(super) fn tell_problem(language: Language, status: StatusCode, notice: &Notice) -> HttpResponse {
    tell(language, status, "problem", notice, None)
}

fn tell(
    language: Language,
    status: StatusCode,
    sign: &str,
    notice: &Notice,
    address: Option<&EmailAddress>,
) -> HttpResponse {
    let content = context! {
        sign,
        notice => Serde(notice),
        address => address.map(EmailAddress::as_str),
    };
    Page { status, language, template: "notice.html", content, place: Place::Root }.respond()
}

/// The URL of a page at the root as the other pages there name it.
pub(super) fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Tells people in words that the page could not do its work: the store did not answer, there was too much to
/// do or too much asked from one address, or the service met a defect. The link is as good as before.
pub(super) async fn failures_in_words(
    language: Language,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let Some(problem) = problem.filter(|problem| is_failure(problem.status())) else {
        return Ok(response);
    };
    if let Some(id) = response.request().extensions().get::<RequestId>() {
        problem.log(*id);
    }
    let texts = language.texts();
    let is_defect = problem.status() == StatusCode::INTERNAL_SERVER_ERROR;
    let notice = if is_defect { &texts.failure } else { &texts.try_again };
    let mut page = tell_problem(language, problem.status(), notice);
    for name in [header::RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response.into_response(page))
}

fn is_failure(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
