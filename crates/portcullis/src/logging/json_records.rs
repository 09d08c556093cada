use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer, format};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::is_request;

/// Records as JSON objects, in which the ids of the request that they belong to stand beside their own fields.
pub(super) struct JsonRecords(Format<Json>);

impl Default for JsonRecords {
    fn default() -> Self {
        Self(format().json().flatten_event(true).with_current_span(false).with_span_list(false))
    }
}

impl<S, N> FormatEvent<S, N> for JsonRecords
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let request =
            context.event_scope().and_then(|mut spans| spans.find(|span| is_request(span.metadata())));
        let Some(request) = request else {
            return self.0.format_event(context, writer, event);
        };
        let mut record = String::new();
        self.0.format_event(context, Writer::new(&mut record), event)?;
        let record = record.trim_end().strip_suffix('}').ok_or(fmt::Error)?;
        let extensions = request.extensions();
        let ids = extensions.get::<FormattedFields<N>>().map_or("{}", |fields| fields.fields.as_str());
        writeln!(writer, "{record},{}", ids.trim_start_matches('{'))
    }
}
