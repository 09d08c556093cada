use std::sync::Arc;

use portcullis_domain::Locale;
use portcullis_domain::ports::{Clock, Entropy};

use crate::{HttpObserver, MetricsReader, ProblemPages, RateLimiting, RequestTracer, TrustedProxies};

/// What an installation decides about its HTTP interface.
///
/// ```
/// # use std::sync::Arc;
/// # use portcullis_domain::ports::{Clock, Entropy};
/// use portcullis_http_actix::HttpOptions;
///
/// # fn example(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) {
/// let options = HttpOptions {
///     cors_origins: vec!["https://app.example.com".to_owned()],
///     ..HttpOptions::new(clock, entropy)
/// };
/// # }
/// ```
#[derive(Clone)]
pub struct HttpOptions {
    /// How it is known who is calling.
    pub authentication: Authentication,
    /// The origins whose pages may call from a browser, exactly as browsers write them; none turns CORS off.
    pub cors_origins: Vec<String>,
    /// The proxies in front, whose word on where a request came from is taken.
    pub trusted_proxies: TrustedProxies,
    /// How many calls a client may make; none turns the limits off.
    pub rate_limiting: Option<RateLimiting>,
    /// The languages that mails and pages can be had in.
    pub locales: Vec<Locale>,
    /// The language of mails and pages for who asks for none of these.
    pub default_locale: Locale,
    /// Shows problems in the words of an application of one's own; else they are shown as they are.
    pub problem_pages: Option<Arc<dyn ProblemPages>>,
    /// Hears of every request; nobody has to.
    pub observer: Option<Arc<dyn HttpObserver>>,
    /// Records the traces that requests belong to; nobody has to.
    pub tracer: Option<Arc<dyn RequestTracer>>,
    /// What `/metrics` shows at the address for operators; nothing makes it 404.
    pub metrics: Option<Arc<dyn MetricsReader>>,
    /// Dates request ids.
    pub clock: Arc<dyn Clock>,
    /// Makes request ids unique.
    pub entropy: Arc<dyn Entropy>,
}

impl HttpOptions {
    /// What suits most: calls carry access tokens and are counted in this process, by the usual
    /// [limits](crate::RateLimits::default); no proxy is trusted, no page of another origin may call; mails are in
    /// English; nobody watches.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            authentication: Authentication::AccessTokens,
            cors_origins: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            rate_limiting: Some(RateLimiting::default()),
            locales: vec![Locale::english()],
            default_locale: Locale::english(),
            problem_pages: None,
            observer: None,
            tracer: None,
            metrics: None,
            clock,
            entropy,
        }
    }
}

/// How it is known who is calling; `/health` tells it as `auth_enabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By the access token that each call carries.
    AccessTokens,
    /// Not at all: whatever a call carries, it acts as a built-in administrator who holds every permission and
    /// has no account. Never outside of a developer's machine.
    BuiltInAdministrator,
}
