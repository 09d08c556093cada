//! What is asked of a list, in the address of its page.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem, pairs};

use crate::submission::Typed;

/// What is asked: as an extractor, also where it makes no sense. A form leaves no field out, so an empty one asks
/// for nothing.
pub(super) struct Asked<T> {
    /// What it means, or all that is wrong with it.
    pub(super) question: Result<T, Problem>,
    pub(super) typed: Typed,
}

impl<T: FromFields> FromRequest for Asked<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = pairs(request.query_string());
        let typed = Typed::of(&pairs);
        ready(Ok(Self { question: Fields::of_form(pairs).read(), typed }))
    }
}

/// The address of a page with these parameters, of which empty ones are left out.
pub(super) fn address<'a>(
    path: &str,
    parameters: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
) -> String {
    let pairs: Vec<String> = parameters
        .into_iter()
        .filter(|(_, value)| !value.as_ref().is_empty())
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value.as_ref(), NON_ALPHANUMERIC)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
