use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::problem::{Code, Problem};

/// The `{id}` of a path. What is no id names nothing, so it is answered like an id that names nothing.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: From<Uuid>> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| text.parse::<Hyphenated>().ok());
        ready(id.map(|uuid| Self(uuid.into_uuid().into())).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}
