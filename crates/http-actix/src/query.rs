use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::fields::{Fields, FromFields};
use crate::problem::Problem;
use crate::url_encoded::pairs;

/// The parameters of a query; unknown ones are ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Fields::of_query(pairs(request.query_string())).read().map(Self))
    }
}
