use std::sync::{Arc, OnceLock};

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage as _, HttpRequest};

/// The pattern of an endpoint's whole path. actix-web would look for it anew for each request, among all that
/// there are.
#[derive(Default)]
pub(crate) struct MatchedRoute(OnceLock<Option<Arc<str>>>);

/// What is kept with a request that matched.
struct Pattern(Arc<str>);

impl MatchedRoute {
    /// Keeps it with a request that came to the endpoint.
    pub(crate) fn tell(&self, request: &ServiceRequest) {
        let pattern = self.0.get_or_init(|| request.match_pattern().map(Arc::from));
        if let Some(pattern) = pattern {
            request.extensions_mut().insert(Pattern(Arc::clone(pattern)));
        }
    }

    /// The one that is kept with `request`; none where no path matched.
    pub(crate) fn of(request: &HttpRequest) -> Option<Arc<str>> {
        request.extensions().get::<Pattern>().map(|Pattern(pattern)| Arc::clone(pattern))
    }
}
