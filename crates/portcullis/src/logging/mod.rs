//! Logs: one record a line, on standard error.

mod email_addresses;
mod json_records;
mod lines;

use std::io::{self, IsTerminal as _};
use std::panic::{self, PanicHookInfo};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, FilterFn, LevelFilter};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use self::json_records::{JsonFields, JsonRecords};
use self::lines::Lines;
use crate::config::{Config, LogFormat};

/// Who takes spans besides.
pub(crate) type SpanLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts to log as `config` says, panics too, and hands spans to `spans`. Does nothing when the process logs already.
pub(crate) fn start(config: &Config, spans: Option<SpanLayer>) {
    let on_terminal = io::stderr().is_terminal();
    let usual = if on_terminal { LogFormat::Pretty } else { LogFormat::Json };
    let layer = fmt::layer().with_writer(Lines { show_email_addresses: config.log_email_addresses });
    let layer = match config.log_format.unwrap_or(usual) {
        LogFormat::Pretty => layer.with_ansi(on_terminal).boxed(),
        LogFormat::Json => layer.fmt_fields(JsonFields).event_format(JsonRecords).boxed(),
    };
    let records = layer.with_filter(what_is_logged(config.log_filter()));
    if tracing_subscriber::registry().with(spans).with(records).try_init().is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
}

/// What `asked` lets through, as far as it is of use, and the spans of requests.
fn what_is_logged<S: Subscriber>(asked: &str) -> impl Filter<S> + use<S> {
    // Whatever is logged within a request is to have its ids.
    let requests = FilterFn::new(is_request).with_max_level_hint(LevelFilter::INFO);
    // Where a filter does not say how far it goes, all that libraries have to say is made ready, and then let go.
    let no_chatter = FilterFn::new(is_no_chatter).with_max_level_hint(LevelFilter::TRACE);
    EnvFilter::new(asked).and(no_chatter).or(requests)
}

/// The spans of requests, the fields of which are their ids.
fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == "portcullis::request"
}

/// actix tells at `info` what it does to its threads, and at `error` that a client sent something that is
/// no HTTP: whoever can connect could fill the log with it.
fn is_no_chatter(record: &Metadata<'_>) -> bool {
    let is_of = |target| record.target().starts_with(target);
    !(is_of("actix_server") && *record.level() == Level::INFO || is_of("actix_http::h1::dispatcher"))
}

/// Says where, not what: the message may quote what the code was working on.
fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(place = panic.location().map(ToString::to_string), "a defect: the program panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_level_asked_for_is_passed_over() {
        for (asked, level) in [
            ("warn", LevelFilter::INFO),
            ("info", LevelFilter::INFO),
            ("info,portcullis=debug", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ] {
            let records = fmt::layer().with_filter(what_is_logged(asked));
            let subscriber = tracing_subscriber::registry().with(None::<SpanLayer>).with(records);
            assert_eq!(subscriber.max_level_hint(), Some(level), "{asked}");
        }
    }
}
