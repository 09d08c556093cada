//! What every request for a page goes through.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::uri::{PathAndQuery, Uri};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis_http_actix::building_blocks::{Code, Problem, RATE_LIMIT, RATE_LIMIT_POLICY, is_head};

use crate::cookies::Jar;
use crate::elements::{Card, Link, Page, Panel, Shell, Sign};
use crate::frame::{Frame, Powers};
use crate::notice::News;
use crate::origin;
use crate::own_path::OwnPath;
use crate::submission::{self, Forged};
use crate::texts::{Notice, Texts};
use crate::visit::{Departures, Visit, recognised};

/// How a folder of pages makes an empty page among those that it belongs to, given its title. One whose URLs hold
/// secrets makes none: what goes around such a page would tell them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Surroundings(pub(crate) Option<fn(&Visit, &str) -> Shell>);

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
    let answer = match response.response().error().and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => answer_to(problem, &frame, response.request(), response.headers()).await,
        None => None,
    };
    if let Some(answer) = answer {
        response = response.into_response(answer);
    }
    // A `HEAD` leaves a browser as it was.
    if !is_head(response.request()) {
        for cookie in &Departures::of(response.request()).take() {
            response.response_mut().add_cookie(cookie)?;
        }
    }
    Ok(response)
}

/// The page for a problem that people meet; others are for programs.
async fn answer_to(
    problem: &Problem,
    frame: &Frame,
    request: &HttpRequest,
    headers: &HeaderMap,
) -> Option<HttpResponse> {
    if problem.code() == Code::Unauthenticated {
        return Some(to_sign_in(frame, request));
    }
    let notice = notice_of(problem, frame.texts(), request)?;
    problem.log();
    let wait = told(problem.retry_after().unwrap_or_default());
    let text = notice.text.iter().map(|text| text.replace("{wait}", &wait)).collect();
    let mut page = notice_page(frame, request, &notice.title, text, problem.status()).await;
    for name in [header::RETRY_AFTER, header::ALLOW, RATE_LIMIT, RATE_LIMIT_POLICY] {
        if let Some(value) = headers.get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Some(page)
}

/// What people are told of a problem, if anything.
fn notice_of(problem: &Problem, texts: &'static Texts, request: &HttpRequest) -> Option<&'static Notice> {
    match problem.status() {
        StatusCode::FORBIDDEN if request.extensions().contains::<Forged>() => Some(&texts.forged),
        StatusCode::FORBIDDEN => Some(&texts.forbidden),
        // Whoever comes to where forms are sent finds nothing to see.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if reads_html(request) => {
            Some(&texts.not_found)
        }
        StatusCode::INTERNAL_SERVER_ERROR => Some(&texts.failure),
        StatusCode::TOO_MANY_REQUESTS => Some(&texts.too_many),
        status if status.is_server_error() => Some(&texts.try_again),
        _ => None,
    }
}

/// The page that says it: among the pages of who is known to be signed in, else by itself. Nobody is looked up for
/// it: the store may be what fails, and who calls too often is not worth the while.
async fn notice_page(
    frame: &Frame,
    request: &HttpRequest,
    title: &str,
    text: Vec<String>,
    status: StatusCode,
) -> HttpResponse {
    let Surroundings(surroundings) = request.app_data().copied().unwrap_or_default();
    if let Some(surroundings) = surroundings
        && recognised(request).is_some()
        && let Ok(visit) = Visit::read(request).await
    {
        let back = Link::new(&visit.texts().common.to_account, visit.frame.to("account"));
        let panel = Panel { text, link: Some(back), ..Panel::default() };
        let shell = Shell { panels: vec![panel], ..surroundings(&visit, title) };
        return visit.respond(Page::from(shell).with_status(status));
    }
    let links = way_on(frame, request).into_iter().collect();
    let card = Card { text, links, ..Card::new(Sign::Problem, title) };
    frame.respond(Page::from(card).with_status(status), Powers::Link, None)
}

/// Where somebody goes from a page with nothing else on it.
fn way_on(frame: &Frame, request: &HttpRequest) -> Option<Link> {
    let (site, texts) = (&frame.site, &frame.texts().common);
    let has_session = site.cookies.read(request, Jar::Session).is_some();
    let way = || {
        if has_session {
            Link::new(&texts.to_account, frame.to("account"))
        } else {
            Link::new(&texts.sign_in, frame.to("sign-in"))
        }
    };
    site.options.are_accounts_shown.then(way)
}

/// How long it takes, in units that are written alike everywhere, and never too little.
fn told(time: Duration) -> String {
    const TWO_MINUTES: u64 = 120;
    match time.as_secs() + u64::from(time.subsec_nanos() > 0) {
        seconds if seconds < TWO_MINUTES => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Whether it is a browser that asks, and somebody reads the answer.
pub(crate) fn reads_html(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Afterwards they see the page that they asked for, or that of the form that they sent. What they sent is not sent
/// again, and they are told.
fn to_sign_in(frame: &Frame, request: &HttpRequest) -> HttpResponse {
    let wanted = if *request.method() == Method::GET {
        request.uri().path_and_query().map(PathAndQuery::as_str).and_then(OwnPath::parse)
    } else {
        Departures::of(request).leave(&frame.site, News::NothingSaved);
        page_of_form(request, &frame.site.options.public_url)
    };
    let next = wanted
        .map(|wanted| format!("?next=%2F{}", utf8_percent_encode(wanted.below_root(), NON_ALPHANUMERIC)));
    frame.redirect(&format!("sign-in{}", next.unwrap_or_default()))
}

/// The page that a form was on, as far as the browser tells.
fn page_of_form(request: &HttpRequest, public_url: &str) -> Option<OwnPath> {
    let parse = |url: &str| url.parse::<Uri>().ok();
    let page = parse(request.headers().get(header::REFERER)?.to_str().ok()?)?;
    let public_url = parse(public_url)?;
    OwnPath::parse(page.path_and_query()?.as_str().strip_prefix(public_url.path().trim_end_matches('/'))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_unit_that_fits_and_never_too_short() {
        for (milliseconds, expected) in
            [(1, "1 s"), (1_001, "2 s"), (119_000, "119 s"), (119_001, "2 min"), (3_540_001, "60 min")]
        {
            assert_eq!(told(Duration::from_millis(milliseconds)), expected);
        }
    }
}
