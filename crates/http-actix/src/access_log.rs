use std::time::Duration;

use actix_web::dev::ServiceResponse;

use crate::head;
use crate::request_id::RequestId;

/// Records a request that was answered. Its path is given as the pattern that it matched, since paths and
/// queries can hold secrets.
pub(crate) fn record(response: &ServiceResponse, id: RequestId, took: Duration) {
    if !tracing::enabled!(target: "portcullis::access", tracing::Level::INFO) {
        return;
    }
    let request = response.request();
    let method = if head::is_head(request) { "HEAD" } else { request.method().as_str() };
    let route = request.match_pattern();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        target: "portcullis::access",
        method,
        route = route.as_deref().unwrap_or("unknown"),
        status = response.status().as_u16(),
        micros,
        request_id = %id,
        "answered"
    );
}
