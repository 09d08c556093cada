//! Rules that settings keep together.

use portcullis_domain::policy::{EmailVerification, Registration};

use super::problem::{Problem, Problems};
use super::settings::Config;
use super::urls::DatabaseUrl;
use super::values::Values;

/// The name of a setting, and what is to be said of it.
type Finding = (&'static str, &'static str);

/// Finds everything that keeps `config`, each value of which is allowed, from being started with.
pub(super) fn check(config: &Config, values: &Values) -> Result<(), Problems> {
    let conflict = |(name, conflict)| Problem::Conflict { place: values.place(name), conflict };
    let problems: Vec<_> = conflicts(config).map(conflict).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

fn conflicts(config: &Config) -> impl Iterator<Item = Finding> {
    let private = config.registration == Registration::Private;
    let verified_later = config.email_verification == EmailVerification::Optional;
    let shared = matches!(config.database_url, Some(DatabaseUrl::Postgres(_)));
    let reachable = !config.bind.ip().is_loopback();
    those_that_hold([
        (
            reachable && config.public_url.is_none(),
            "public_url",
            "must be given when PORTCULLIS_BIND is not a loopback address, as links in mails start with it",
        ),
        (
            shared && config.secret_key.is_none(),
            "secret_key",
            "must be given when PORTCULLIS_DATABASE_URL names PostgreSQL, as all instances on it share it",
        ),
        (
            reachable && !config.auth_enabled,
            "auth_enabled",
            "may be false only when PORTCULLIS_BIND is a loopback address, as every call acts as an administrator then",
        ),
        (
            config.ops_bind == Some(config.bind) && config.bind.port() != 0,
            "ops_bind",
            "must be another address than PORTCULLIS_BIND; empty, it is none",
        ),
        (
            private && verified_later,
            "registration",
            "is private, which does not go with PORTCULLIS_EMAIL_VERIFICATION=optional: signing in at once \
             would tell that the address was free",
        ),
    ])
}

fn those_that_hold<const N: usize>(
    findings: [(bool, &'static str, &'static str); N],
) -> impl Iterator<Item = Finding> {
    findings.into_iter().filter(|(holds, ..)| *holds).map(|(_, name, words)| (name, words))
}
