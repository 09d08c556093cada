use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tracing::Instrument as _;

use crate::matched_route::MatchedRoute;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::{Answered, HttpOptions, Readiness, access_log, head, request_span, security_headers};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every request and every answer goes through, whichever handler or part of the framework answers.
pub(crate) async fn envelope(
    options: web::Data<HttpOptions>,
    readiness: web::Data<Readiness>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let started = Instant::now();
    // Drawn together: the operating system is asked for each draw.
    let mut random = [[0; 16]; 2];
    options.entropy.fill(random.as_flattened_mut());
    let [random_of_id, random_of_trace] = random;
    let id = RequestId::assign(&request, options.clock.now(), random_of_id);
    let span = request_span::open(&request, id, random_of_trace, &options);
    head::route_as_get(&mut request);
    let mut response = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    response = span.in_scope(|| describe_error(response, id, &options));
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.header_value());
    security_headers::complete(headers);
    if readiness.is_shutting_down() {
        // The client's next request is for another instance.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let route = MatchedRoute::of(response.request());
    let answer = answered(&response, route.as_deref(), started.elapsed());
    span.in_scope(|| access_log::record(&answer));
    if let Some(tracer) = &options.tracer {
        tracer.end(&span, &answer);
    }
    if let Some(observer) = &options.observer {
        observer.answered(&answer);
    }
    Ok(response)
}

fn answered<'a>(response: &'a ServiceResponse, route: Option<&'a str>, took: Duration) -> Answered<'a> {
    let request = response.request();
    Answered {
        method: if head::is_head(request) { "HEAD" } else { request.method().as_str() },
        route,
        status: response.status().as_u16(),
        took,
    }
}

/// Describes the problem that is behind an error answer, also where the framework refused a request in its own
/// words or in none. Pages describe their errors themselves. Headers that are there already, such as those of
/// CORS, stay.
fn describe_error(mut response: ServiceResponse, id: RequestId, options: &HttpOptions) -> ServiceResponse {
    let describe = |problem: &Problem| {
        problem.log();
        let description = problem.describe(Some(id));
        let pages = options.problem_pages.as_ref();
        match pages.and_then(|pages| pages.page(problem, response.request(), id.uuid())) {
            Some(page) => description.shown_as(page),
            None => description,
        }
    };
    let description = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => describe(problem),
            None => describe(&Problem::from_foreign(error)),
        },
        None if is_bare_refusal(&response) => describe(&Problem::from_status(response.status())),
        None => return response,
    };
    *response.response_mut().status_mut() = description.status;
    for (name, value) in description.headers {
        response.headers_mut().insert(name, value);
    }
    response.map_body(|_, _| BoxBody::new(description.body))
}

fn is_bare_refusal(response: &ServiceResponse) -> bool {
    response.status().is_client_error() && !response.headers().contains_key(header::CONTENT_TYPE)
}
