//! What every request for a page goes through.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis_http_actix::building_blocks::{Code, Problem, RATE_LIMIT, RATE_LIMIT_POLICY};

use crate::elements::{Card, Page, Sign};
use crate::frame::{Frame, Powers};
use crate::origin;
use crate::own_path::OwnPath;
use crate::submission::{self, Forged};
use crate::visit::Departures;

/// Refuses forms that another site made the browser send, sends to sign in who has to, tells people in words that a
/// page could not do its work, and lets the cookies of the visit go out with the answer, whatever it is.
pub(crate) async fn in_words(
    frame: Frame,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let is_forged = *request.method() == Method::POST
        && !origin::is_ours(request.headers(), &frame.site.options.public_url);
    let mut response = if is_forged {
        let problem = submission::forged(request.request());
        request.error_response(problem)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let answer =
        problem.and_then(|problem| answer_to(problem, &frame, response.request(), response.headers()));
    if let Some(answer) = answer {
        response = response.into_response(answer);
    }
    let departures = Departures::of(response.request()).take();
    for cookie in &departures {
        response.response_mut().add_cookie(cookie)?;
    }
    Ok(response)
}

/// The page for a problem that people meet; others are for programs.
fn answer_to(
    problem: &Problem,
    frame: &Frame,
    request: &HttpRequest,
    headers: &HeaderMap,
) -> Option<HttpResponse> {
    if problem.code() == Code::Unauthenticated {
        return Some(to_sign_in(frame, request));
    }
    let texts = frame.texts();
    let notice = match problem.status() {
        StatusCode::FORBIDDEN if request.extensions().contains::<Forged>() => &texts.forged,
        StatusCode::FORBIDDEN => &texts.forbidden,
        StatusCode::NOT_FOUND if reads_html(request) => &texts.not_found,
        StatusCode::INTERNAL_SERVER_ERROR => &texts.failure,
        StatusCode::TOO_MANY_REQUESTS => &texts.try_again,
        status if status.is_server_error() => &texts.try_again,
        _ => return None,
    };
    problem.log();
    let card = Card { text: notice.text.clone(), ..Card::new(Sign::Problem, &notice.title) };
    let mut page = frame.respond(Page::from(card).with_status(problem.status()), Powers::Link, None);
    for name in [header::RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY] {
        if let Some(value) = headers.get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Some(page)
}

/// Whether it is a browser that asks, and somebody reads the answer.
pub(crate) fn reads_html(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Afterwards they see the page that they asked for; what they sent is not sent again.
fn to_sign_in(frame: &Frame, request: &HttpRequest) -> HttpResponse {
    let wanted = request.uri().path_and_query().map(PathAndQuery::as_str);
    let wanted = wanted.filter(|_| *request.method() == Method::GET).and_then(OwnPath::parse);
    let next = wanted
        .map(|wanted| format!("?next=%2F{}", utf8_percent_encode(wanted.below_root(), NON_ALPHANUMERIC)));
    frame.redirect(&format!("sign-in{}", next.unwrap_or_default()))
}
