use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use portcullis_http_actix::{Answered, RequestTracer, TraceId as TraceName, TraceParent};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::Traces;
use super::next_trace_id::NextTraceId;

/// What the spans of requests are called until it is known which route they took.
pub(super) const REQUEST: &str = "request";

impl RequestTracer for Traces {
    fn begin(&self, span: &Span, trace: TraceName, parent: Option<TraceParent>) {
        let trace = TraceId::from(trace.as_u128());
        match parent {
            Some(TraceParent { span: client, is_sampled, .. }) => {
                let flags = TraceFlags::default().with_sampled(is_sampled);
                let client = SpanContext::new(trace, SpanId::from(client), flags, true, TraceState::NONE);
                // It cannot be set where no layer takes spans, and need not.
                span.set_parent(Context::new().with_remote_span_context(client)).ok();
            }
            // Whoever asks for the context of a span starts it.
            None => NextTraceId::is(trace, || drop(span.context())),
        }
    }

    fn end(&self, span: &Span, answer: &Answered<'_>) {
        let context = span.context();
        let span = context.span();
        if !span.is_recording() {
            return;
        }
        let &Answered { method, route, status, .. } = answer;
        span.update_name(route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")));
        span.set_attribute(KeyValue::new("http.request.method", method.to_owned()));
        if let Some(route) = route {
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
    }
}

/// Says of the spans of requests that a client waits for them, which those who open them need not know.
pub(super) struct SpanKinds(pub(super) SdkTracer);

impl Tracer for SpanKinds {
    type Span = <SdkTracer as Tracer>::Span;

    fn build_with_context(&self, mut builder: SpanBuilder, parent: &Context) -> Self::Span {
        if builder.name == REQUEST {
            builder.span_kind = Some(SpanKind::Server);
        }
        self.0.build_with_context(builder, parent)
    }
}
