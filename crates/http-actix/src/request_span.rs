use actix_web::dev::ServiceRequest;
use tracing::Span;

use crate::request_id::RequestId;
use crate::{Answered, HttpOptions, TraceId, TraceParent};

/// Records the traces that requests belong to.
///
/// It is told on the thread that handles the request, so it MUST return at once.
pub trait RequestTracer: Send + Sync {
    /// `span`, which has just been made, is a request that belongs to `trace`; `parent` is where in it the client
    /// stands, if that is where the trace comes from.
    fn begin(&self, span: &Span, trace: TraceId, parent: Option<TraceParent>);

    /// The request of `span` was answered.
    fn end(&self, span: &Span, answer: &Answered<'_>);
}

/// The span of a request. All that is logged within it can be found by the ids that it has: that of the request,
/// and that of the trace, which is the client's, or else a new one of what is `random`.
pub(crate) fn open(request: &ServiceRequest, id: RequestId, random: [u8; 16], options: &HttpOptions) -> Span {
    let parent = TraceParent::of(request);
    let trace = parent.map_or_else(|| TraceId::new(random), |parent| parent.trace);
    let span =
        tracing::info_span!(target: "portcullis::request", "request", request_id = %id, trace_id = %trace);
    if let Some(tracer) = &options.tracer {
        tracer.begin(&span, trace, parent);
    }
    span
}
