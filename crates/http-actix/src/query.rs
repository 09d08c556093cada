use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::fields::{Fields, FromFields};
use crate::problem::Problem;

/// The parameters of a query; unknown ones are ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map_or_else(|_| Vec::new(), web::Query::into_inner);
        ready(Fields::of_query(pairs).read().map(Self))
    }
}
