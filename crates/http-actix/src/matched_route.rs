use std::sync::{Arc, OnceLock};

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage as _, HttpRequest};

/// The pattern of an endpoint's whole path. actix-web would look for it anew for each request, among all that
/// there are.
pub(crate) struct MatchedRoute {
    endpoint: &'static str,
    whole: OnceLock<Option<Arc<str>>>,
}

/// What is kept with a request that matched.
struct Pattern {
    endpoint: &'static str,
    whole: Arc<str>,
}

impl MatchedRoute {
    /// That of the endpoint which is found at `endpoint`, wherever the interface is mounted.
    pub(crate) fn new(endpoint: &'static str) -> Self {
        Self { endpoint, whole: OnceLock::new() }
    }

    /// Keeps it with a request that came to the endpoint.
    pub(crate) fn tell(&self, request: &ServiceRequest) {
        let whole = self.whole.get_or_init(|| request.match_pattern().map(Arc::from));
        if let Some(whole) = whole {
            let pattern = Pattern { endpoint: self.endpoint, whole: Arc::clone(whole) };
            request.extensions_mut().insert(pattern);
        }
    }

    /// The one that is kept with `request`; none where no path matched.
    pub(crate) fn of(request: &HttpRequest) -> Option<Arc<str>> {
        request.extensions().get::<Pattern>().map(|pattern| Arc::clone(&pattern.whole))
    }

    /// The part of it that is the endpoint's own.
    pub(crate) fn endpoint_of(request: &HttpRequest) -> Option<&'static str> {
        request.extensions().get::<Pattern>().map(|pattern| pattern.endpoint)
    }
}
