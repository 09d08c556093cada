//! The settings, each in one place: key, form, default and description.

use portcullis_adapters_crypto::Argon2Settings;
use portcullis_domain::policy::{EmailVerification, Registration};
use portcullis_domain::{Locale, PasswordPolicy, SecretKey, SigningAlgorithm};

use super::choices::{LogFormat, Migrate, OneOf};
use super::durations::{DAY, HOUR, Span, YEAR};
use super::form::{Form, List, Optional};
use super::mails::{Link, SenderAddress, Smtp};
use super::networks::{Address, Network};
use super::numbers::Number;
use super::problem::{Problem, Problems};
use super::rate_limits::{self, RateLimits};
use super::setting::{DefaultValue, Setting};
use super::text::{Audience, LogFilter, Path, ProductName};
use super::traces::{CollectorHeaders, ServiceName};
use super::urls::{DatabaseUrl, HttpUrl, Origin, RedisUrl};
use super::values::Values;

/// Makes [`Config`] and [`SETTINGS`] of one list. A line reads `key: Form = "default";`, or
/// `key: Form, else "what happens when it is unset";`.
macro_rules! settings {
    ($($(#[doc = $description:literal])+ $name:ident: $form:ty $(= $text:expr)? $(, else $unset:literal)?;)+) => {
        /// Every setting, read into the type that its form gives.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = $description])+ pub $name: <$form as Form>::Value,)+
        }

        /// Every setting there is, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$(
            Setting {
                name: stringify!($name),
                default: $(DefaultValue::Text($text))? $(DefaultValue::Unset($unset))?,
                description: concat!($($description),+).trim_ascii(),
                allowed: <$form as Form>::allowed,
                secrecy: <$form as Form>::SECRECY,
            },
        )+];

        impl Config {
            /// Reads the text of every setting.
            pub(super) fn parse(values: &Values) -> Result<Self, Problems> {
                let mut problems = Vec::new();
                $(let $name = parse::<$form>(values, stringify!($name), &mut problems);)+
                match ($($name,)+) {
                    ($(Some($name),)+) => Ok(Self { $($name),+ }),
                    _ => Err(Problems(problems)),
                }
            }
        }
    };
}

/// The value, or none and one problem more.
fn parse<F: Form>(values: &Values, name: &'static str, problems: &mut Vec<Problem>) -> Option<F::Value> {
    let refused = |refusal| Problem::Refused {
        place: values.place(name),
        shown: values.shown_in_messages(name),
        refusal,
        allowed: F::allowed(),
    };
    F::parse(values.text(name)).map_err(|refusal| problems.push(refused(refusal))).ok()
}

settings! {
    /// Address of the API. Port 0 picks a free one, and the ready line names it.
    bind: Address = "127.0.0.1:8080";
    /// Address of `/metrics` and `/health*`; empty turns it off.
    ops_bind: Optional<Address> = "127.0.0.1:9090";
    /// What links in mails start with, and the issuer of tokens. The `Host` header is never used for
    /// either. Must be given when the bind address is not loopback.
    public_url: Optional<HttpUrl>, else "`http://` and the bound address";
    /// Where the embedded database, generated secrets and the mailbox live. Only its owner may enter it.
    data_dir: Path = "./data";
    /// Where accounts are stored.
    database_url: Optional<DatabaseUrl>, else "`sqlite://{data dir}/portcullis.db`";
    /// How many connections to the store; of SQLite, how many that read.
    database_pool: Optional<Number<1, 1_000>>, else "4 × cores";
    /// How long a start waits for a store that does not answer before it gives up.
    database_wait: Span<0, HOUR> = "10s";
    /// What a start does about a schema that is not the newest: bring it up to date (one instance at a
    /// time does it), refuse to start, or not look.
    migrate: OneOf<Migrate> = "auto";
    /// The mail server. User and password are percent-encoded.
    smtp_url: Optional<Smtp>, else "mails are written into `{data dir}/mailbox` as `.eml` files";
    /// A PEM file with the certificates that the mail server's must go back to.
    smtp_ca_file: Optional<Path>, else "those that the system trusts";
    /// Who mails come from.
    mail_from: SenderAddress = SenderAddress::DEFAULT;
    /// A folder whose templates replace the built-in ones, per locale.
    mail_templates: Optional<Path>, else "the built-in ones";
    /// The language of mails and pages for who asks for none.
    locale: Locale = "en";
    /// Keys derived from it protect signing keys at rest, refresh tokens and codes. All instances on one
    /// store share it.
    secret_key: Optional<SecretKey>, else "generated into `{data dir}/secret.key`; must be given with PostgreSQL";
    /// The algorithm of access tokens.
    jwt_algorithm: OneOf<SigningAlgorithm> = "EdDSA";
    /// The `aud` of access tokens.
    audience: Optional<Audience>, else "the public URL";
    /// How long an access token lives.
    access_token_ttl: Span<1, YEAR> = "30m";
    /// How long a refresh token lives, and a session that is not used.
    refresh_token_ttl: Span<1, { 10 * YEAR }> = "30d";
    /// How long a session lives however often it is used.
    session_ttl: Span<1, { 10 * YEAR }> = "365d";
    /// How long after a refresh the token that was spent still gets the same successor; `0s`: never.
    refresh_grace: Span<0, HOUR> = "10s";
    /// How long the link of a verification mail lives, and of one that confirms a new address.
    verify_link_ttl: Span<1, YEAR> = "24h";
    /// How long the code of a verification mail lives.
    verify_code_ttl: Span<1, DAY> = "10m";
    /// How long the link of a reset mail lives.
    reset_ttl: Span<1, YEAR> = "30m";
    /// How long the link of an invitation lives.
    invite_ttl: Span<1, YEAR> = "7d";
    /// How long the audit trail remembers.
    audit_retention: Span<DAY, { 100 * YEAR }> = "365d";
    /// Whether an address must be verified before a login. Where it need not, registration answers with
    /// tokens.
    email_verification: OneOf<EmailVerification> = "required";
    /// Who may register: everybody; everybody, with the same answer whether or not the address is taken
    /// (not together with optional verification); or nobody but who an administrator registers.
    registration: OneOf<Registration> = "open";
    /// Whether callers must sign in. Without it every call acts as a built-in administrator: for
    /// development only.
    auth_enabled: OneOf<bool> = "true";
    /// The fewest characters of a password.
    password_min_length: PasswordPolicy = "8";
    /// A file of passwords that have leaked, which nobody may have: SHA-1 hashes, sorted, as the downloader of Have I
    /// Been Pwned writes them.
    breached_passwords: Optional<Path>, else "only the common ones that come with the program are refused";
    /// What hashing a password costs: memory in KiB, passes and lanes.
    argon2: Argon2Settings = "m=19456,t=2,p=1";
    /// How many passwords are hashed at once.
    hashing_threads: Optional<Number<1, 1_024>>, else "cores";
    /// How many passwords may wait to be hashed; beyond that the answer is 503 `overloaded`.
    hashing_queue: Number<0, 100_000> = "64";
    /// How many wrong passwords in a row lock an account; 0 is never.
    lockout_threshold: Number<0, 10_000> = "5";
    /// How long an account is locked.
    lockout_duration: Span<1, YEAR> = "15m";
    /// Whether calls are counted per client address and route group; `off` is for load tests, or where
    /// something in front does it.
    rate_limit: OneOf<bool> = "on";
    /// How many calls in how much time a client has of each route group: so many at once, and after that one
    /// for each share of the time. Groups left out keep their default.
    rate_limits: RateLimits = rate_limits::DEFAULT;
    /// A Redis that shares the counts between instances.
    rate_limit_redis_url: Optional<RedisUrl>, else "each instance counts for itself";
    /// Networks of proxies whose `X-Forwarded-For` or `Forwarded` is believed; where they send both, the two
    /// have to agree.
    trusted_proxies: List<Network>, else "none";
    /// The origins that browsers may call from.
    cors_origins: List<Origin>, else "none";
    /// Where the link of a verification mail leads.
    frontend_verify_url: Optional<Link>, else "the built-in page";
    /// Where the link of a reset mail leads.
    frontend_reset_url: Optional<Link>, else "the built-in page";
    /// Where the link that confirms a new address leads.
    frontend_email_change_url: Optional<Link>, else "the built-in page";
    /// Whether people sign up, sign in and look after their accounts on built-in pages. Those that mailed links
    /// lead to are there either way.
    pages: OneOf<bool> = "on";
    /// What stands at the top of the pages, and in their titles.
    pages_name: ProductName = ProductName::DEFAULT;
    /// A picture in place of the product's own: SVG, PNG, JPEG or WebP.
    pages_logo: Optional<Path>, else "the product's own";
    /// A file with styles that the pages load after their own.
    pages_css: Optional<Path>, else "none";
    /// What is logged, to standard error.
    log: Optional<LogFilter>, else "`info`";
    /// How it is written: for people or for programs.
    log_format: Optional<OneOf<LogFormat>>, else "`pretty` on a terminal, else `json`";
    /// Whether e-mail addresses stay in log records; else each is written as `[address]`.
    log_email_addresses: OneOf<bool> = "off";
    /// Where traces are sent: a collector that takes OTLP over HTTP, at `/v1/traces` below this URL.
    otel_exporter_otlp_endpoint: Optional<HttpUrl>, else "no traces are sent";
    /// What the collector wants to be told in headers, such as a key.
    otel_exporter_otlp_headers: CollectorHeaders, else "none";
    /// How many milliseconds the collector may take for a batch.
    otel_exporter_otlp_timeout: Number<1, 600_000> = "10000";
    /// What the service is called in traces.
    otel_service_name: ServiceName = ServiceName::DEFAULT;
    /// How long running requests may take to finish after SIGTERM.
    shutdown_grace: Span<0, HOUR> = "10s";
}
