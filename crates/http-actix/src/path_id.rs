use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::problem::{Code, Problem};

/// An id in a path: its `N`th parameter, counted from zero.
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
        let parameter = request.match_info().iter().nth(N);
        let id = parameter.and_then(|(_, text)| text.parse::<Hyphenated>().ok());
        ready(Ok(Self(id.map(|uuid| uuid.into_uuid().into()))))
    }
}
