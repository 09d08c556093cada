use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::{Allowance, Caller, Rate, RateLimiting, RouteGroup};
use crate::HttpOptions;
use crate::client;
use crate::problem::{Code, Problem, whole_seconds};

/// What a caller has left of a quota policy (draft-ietf-httpapi-ratelimit-headers-11 §4).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The quota policy itself (draft-ietf-httpapi-ratelimit-headers-11 §3).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Counts a call to a route of `group`, and refuses it if it is one too many, before anything is done for it.
pub(crate) async fn enforce(
    group: RouteGroup,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let options = request.app_data::<web::Data<HttpOptions>>().cloned();
    let Some(RateLimiting { limits, limiter }) =
        options.as_ref().and_then(|options| options.rate_limiting.as_ref())
    else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let caller = Caller::from(client::address_of(request.request()));
    let rate = limits.of(group);
    let allowance = limiter.count(caller, group, rate).await;
    let mut response = if allowance.is_admitted {
        next.call(request).await?.map_into_boxed_body()
    } else {
        if let Some(observer) = options.as_ref().and_then(|options| options.observer.as_ref()) {
            observer.rate_limited(group);
        }
        request.error_response(Problem::passing(Code::RateLimited, allowance.next_in))
    };
    tell(response.headers_mut(), group, rate, allowance);
    Ok(response)
}

/// Tells a client how to pace itself. The effective window `t` ends when the next call becomes available, which
/// for a refused one is when `Retry-After` says.
fn tell(headers: &mut HeaderMap, group: RouteGroup, rate: Rate, allowance: Allowance) {
    let Rate { calls, period } = rate;
    let policy = format!("\"{group}\";q={calls};w={}", whole_seconds(period));
    let left = format!("\"{group}\";r={};t={}", allowance.remaining, whole_seconds(allowance.next_in));
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
        let value = HeaderValue::try_from(value).expect("names and numbers are visible ASCII");
        headers.insert(name, value);
    }
}
