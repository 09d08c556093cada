use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::matched_route::MatchedRoute;
use crate::problem::Problem;

/// The path that the interface is mounted under, without a slash at its end: nothing at the root.
pub(crate) struct MountPoint(String);

impl MountPoint {
    /// Whether that is the root.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for MountPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromRequest for MountPoint {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// What stands before the path of the endpoint: as the client wrote it, so it is good for an answer.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(endpoint) = MatchedRoute::endpoint_of(request) else {
            return ready(Err(Problem::internal("this is no endpoint of the interface")));
        };
        let path = request.path();
        let segments = endpoint.matches('/').count();
        let length = path.rmatch_indices('/').nth(segments - 1).map_or(0, |(start, _)| start);
        ready(Ok(Self(path[..length].to_owned())))
    }
}
