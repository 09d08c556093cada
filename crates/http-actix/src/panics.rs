use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt as _;

use crate::problem::Problem;

/// Answers 500 when a handler panics, and the worker lives on. What the panic said is not repeated here: it
/// may quote what the handler was working on.
pub(crate) async fn contained(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let survivor = request.request().clone();
    // Nothing that a handler may have left half done outlives its request.
    let handling = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
    match handling.await {
        Ok(outcome) => outcome.map(ServiceResponse::map_into_boxed_body),
        Err(_) => Ok(ServiceResponse::from_err(Problem::internal("the handler panicked"), survivor)),
    }
}
