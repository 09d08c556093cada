use std::time::{Duration, SystemTime};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditKind;

use super::{OutputFormat, UserReference};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Print what happened that matters to security, the newest first
    ///
    /// Events name people by their ids, and outlive their accounts: whoever was erased is asked for by id.
    #[command(after_help = "Examples:
  portcullis audit list --limit 20
  portcullis audit list --user ada@example.com --since 24h
  portcullis audit list --kind account_lock --since 2026-03-01T00:00:00Z --json")]
    List(EventSelection),
}

#[derive(Args, Debug)]
pub(crate) struct EventSelection {
    /// Those that this user did or that concern them: their id, e-mail address or username
    #[arg(long, value_name = "USER", value_parser = UserReference::parse)]
    pub(crate) user: Option<UserReference>,
    /// Those of this kind
    #[arg(long, hide_possible_values = true, value_parser = kinds())]
    pub(crate) kind: Option<AuditKind>,
    /// Those from this moment on: in UTC as RFC 3339 writes it, or so long ago, such as `24h`
    #[arg(long, value_name = "MOMENT|DURATION", value_parser = Start::parse)]
    pub(crate) since: Option<Start>,
    /// So many at most, instead of all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

fn kinds() -> impl TypedValueParser<Value = AuditKind> {
    let names = PossibleValuesParser::new(AuditKind::ALL.iter().map(|kind| kind.name()));
    names.map(|name| AuditKind::parse(&name).expect("it is the name of one"))
}

/// Where a list of events begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    At(Timestamp),
    Ago(Duration),
}

impl Start {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Ok(duration) = humantime::parse_duration(text) {
            return Ok(Self::Ago(duration));
        }
        humantime::parse_rfc3339(text)
            .ok()
            .and_then(timestamp)
            .map(Self::At)
            .ok_or("it is neither a moment such as 2026-03-01T00:00:00Z nor a duration such as 24h")
    }

    /// The moment, as seen `now`.
    pub(crate) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(duration) => now - duration,
        }
    }
}

/// None for what was before 1970.
fn timestamp(moment: SystemTime) -> Option<Timestamp> {
    let age = moment.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    age.as_micros().try_into().ok().map(Timestamp::from_unix_micros)
}

#[cfg(test)]
mod tests {
    use portcullis_testkit::fixtures::NOW;

    use super::*;

    #[test]
    fn a_list_begins_at_a_moment_or_so_long_ago() {
        let moment = |text: &str| Start::parse(text).map(|start| start.moment(NOW));
        assert_eq!(moment("1970-01-01T00:00:01.5Z"), Ok(Timestamp::from_unix_micros(1_500_000)));
        assert_eq!(moment("1h 30m"), Ok(NOW - Duration::from_mins(90)));
        assert_eq!(moment("1000000years"), Ok(Timestamp::MIN));
        for text in ["", "yesterday", "24", "2026-03-01", "1969-12-31T23:59:59Z"] {
            assert!(moment(text).is_err(), "{text:?}");
        }
    }
}
