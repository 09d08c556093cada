//! Records as programs read them.
//!
//! The formatter of `tracing-subscriber` takes four times as long for the same: it hands each piece of a record through
//! two writers, and keeps the fields of spans in a map. One record is written for each request.

use std::fmt;
use std::io::Write as _;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::is_request;

/// Records as JSON objects, in which the ids of the request that they belong to stand beside their own fields.
pub(super) struct JsonRecords;

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
        // What comes by the crate `log` has its own.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());

        writer.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut writer)?;
        writer.write_str(r#"","level":""#)?;
        writer.write_str(metadata.level().as_str())?;
        writer.write_str("\",")?;
        let mut members = Members::default();
        event.record(&mut members);
        members.add("target", metadata.target());
        writer.write_str(members.text()?)?;
        let request =
            context.event_scope().and_then(|mut spans| spans.find(|span| is_request(span.metadata())));
        if let Some(request) = request
            && let Some(ids) = request.extensions().get::<FormattedFields<N>>()
        {
            writer.write_char(',')?;
            writer.write_str(&ids.fields)?;
        }
        writer.write_str("}\n")
    }
}

/// Fields of spans as the members of an object, without its braces.
pub(super) struct JsonFields;

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::default();
        fields.record(&mut members);
        writer.write_str(members.text()?)
    }
}

/// Members of a JSON object, with commas between them.
#[derive(Default)]
struct Members {
    json: Vec<u8>,
    is_broken: bool,
}

impl Members {
    fn add(&mut self, name: &str, value: impl Serialize) {
        if self.begin(name) {
            self.is_broken |= serde_json::to_writer(&mut self.json, &value).is_err();
        }
    }

    /// Writes everything of a member but its value; false where the member is not to be told.
    fn begin(&mut self, name: &str) -> bool {
        // It is the prefix of what tells where a record of the crate `log` comes from, which its metadata do.
        if name.starts_with("log.") {
            return false;
        }
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        self.is_broken |= serde_json::to_writer(&mut self.json, name).is_err();
        self.json.push(b':');
        true
    }

    /// Adds a text that is still to be put together, where it is to stand: hardly any has to be escaped.
    fn add_shown(&mut self, name: &str, value: &dyn fmt::Debug) {
        if !self.begin(name) {
            return;
        }
        let quote = self.json.len();
        self.is_broken |= write!(self.json, "\"{value:?}").is_err();
        let shown = &self.json[quote + 1..];
        if shown.iter().any(|octet| matches!(octet, b'"' | b'\\' | ..b' ')) {
            let shown = String::from_utf8_lossy(shown).into_owned();
            self.json.truncate(quote);
            self.is_broken |= serde_json::to_writer(&mut self.json, &shown).is_err();
        } else {
            self.json.push(b'"');
        }
    }

    fn text(&self) -> Result<&str, fmt::Error> {
        if self.is_broken { Err(fmt::Error) } else { str::from_utf8(&self.json).map_err(|_| fmt::Error) }
    }
}

impl Visit for Members {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_shown(field.name(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::{Registry, fmt};

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Output {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The only record that `log` writes, and when it says that it was written.
    fn record(log: impl FnOnce()) -> (Value, String) {
        let output = Output::default();
        let writer = output.clone();
        let layer = fmt::layer().with_writer(move || writer.clone());
        let layer = layer.fmt_fields(JsonFields).event_format(JsonRecords);
        with_default(Registry::default().with(layer), log);
        let written = output.0.lock().unwrap().clone();
        let [lines @ .., b'\n'] = written.as_slice() else { panic!("a record ends its line") };
        assert!(!lines.contains(&b'\n'), "one record is one line");
        let mut record: Value = serde_json::from_slice(lines).unwrap();
        let timestamp = record.as_object_mut().unwrap().remove("timestamp").unwrap();
        (record, timestamp.as_str().unwrap().to_owned())
    }

    #[test]
    fn a_record_is_an_object_of_its_fields() {
        let (record, timestamp) = record(|| {
            tracing::warn!(
                target: "there",
                text = "\"ü\"\n\u{1}",
                debug = ?Some("x"),
                none = None::<u8>,
                yes = true,
                small = -1,
                large = u64::MAX,
                part = 0.5,
                "done {}",
                1
            );
        });
        let fields = json!({
            "level": "WARN", "target": "there", "message": "done 1", "text": "\"ü\"\n\u{1}", "debug": "Some(\"x\")",
            "yes": true, "small": -1, "large": u64::MAX, "part": 0.5,
        });
        assert_eq!(record, fields);
        assert!(timestamp.starts_with("20") && timestamp.ends_with('Z'), "RFC 3339: {timestamp}");
    }

    #[test]
    fn a_record_within_a_request_has_its_ids_and_nothing_of_other_spans() {
        let (record, _) = record(|| {
            let request = tracing::info_span!(target: "portcullis::request", "request", request_id = %7, trace_id = "a\"b");
            let _entered = request.entered();
            let _inner = tracing::info_span!("inner", other = 1).entered();
            tracing::info!(target: "there", "done");
        });
        let fields = json!({
            "level": "INFO", "target": "there", "message": "done", "request_id": "7", "trace_id": "a\"b",
        });
        assert_eq!(record, fields);
    }

    #[test]
    fn a_record_of_the_crate_log_is_told_as_one_of_its_own() {
        let (record, _) = record(|| {
            tracing_log::format_trace(
                &tracing_log::log::Record::builder()
                    .level(tracing_log::log::Level::Error)
                    .target("elsewhere")
                    .args(format_args!("lost"))
                    .build(),
            )
            .unwrap();
        });
        assert_eq!(record, json!({"level": "ERROR", "target": "elsewhere", "message": "lost"}));
    }
}
