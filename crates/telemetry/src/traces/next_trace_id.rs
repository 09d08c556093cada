use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

thread_local! {
    static NEXT: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Makes the ids of spans, and gives out the id of a trace that was agreed on before: nothing else tells the SDK
/// which id a trace without a parent is to have.
#[derive(Debug, Default)]
pub(super) struct NextTraceId(RandomIdGenerator);

impl NextTraceId {
    /// The trace that `start` starts has this id.
    pub(super) fn is(trace: TraceId, start: impl FnOnce()) {
        NEXT.set(Some(trace));
        start();
        NEXT.set(None);
    }
}

impl IdGenerator for NextTraceId {
    fn new_trace_id(&self) -> TraceId {
        NEXT.take().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
