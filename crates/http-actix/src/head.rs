//! `HEAD` works wherever `GET` does.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpRequest};

/// Marks a request that was sent as `HEAD`.
struct SentAsHead;

/// Routes a `HEAD` as the `GET` it stands for. The connection, which knows better, sends no body.
pub(crate) fn route_as_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(SentAsHead);
    }
}

/// Whether the request was sent as `HEAD`, which must change nothing (RFC 9110 §9.3.2).
#[must_use]
pub fn is_head(request: &HttpRequest) -> bool {
    request.extensions().contains::<SentAsHead>()
}
