use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::matched_route::MatchedRoute;
use crate::problem::{Code, Problem};

/// An id in the path of an endpoint: its `N`th parameter, counted from zero. Where the interface is mounted may have
/// parameters of its own, which do not count.
pub struct PathId<T, const N: usize = 0>(Option<T>);

impl<T, const N: usize> PathId<T, N> {
    /// The id.
    ///
    /// # Errors
    ///
    /// 404 for what is no id: it names nothing, so it is answered like an id that names nothing. It is for
    /// after all that was sent has been read: what is wrong with that is told first.
    pub fn named(self) -> Result<T, Problem> {
        self.0.ok_or_else(|| Problem::new(Code::NotFound))
    }
}

impl<T: From<Uuid>, const N: usize> FromRequest for PathId<T, N> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let own = MatchedRoute::endpoint_of(request).map_or(0, |endpoint| endpoint.matches('{').count());
        let before = request.match_info().segment_count().saturating_sub(own);
        let parameter = request.match_info().iter().nth(before + N);
        let id = parameter.and_then(|(_, text)| text.parse::<Hyphenated>().ok());
        ready(Ok(Self(id.map(|uuid| uuid.into_uuid().into()))))
    }
}
