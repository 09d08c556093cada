//! Forms as browsers and OAuth clients send them.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;

use crate::body;
use crate::fields::{Fields, FromFields};
use crate::problem::{Code, Problem};
use crate::url_encoded::pairs;

/// A form: `application/x-www-form-urlencoded`, with the limits of every body.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// The fields of such a form as they were sent, in their order.
pub struct FormPairs(pub Vec<(String, String)>);

impl<T: FromFields> FromRequest for Form<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let pairs = FormPairs::from_request(request, payload);
        Box::pin(async { Fields::of_query(pairs.await?.0).read().map(Self) })
    }
}

impl FromRequest for FormPairs {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_media_type(&request)?;
            let octets = body::receive(request.headers(), payload).await?;
            let text = str::from_utf8(&octets).map_err(|_| {
                Problem::new(Code::MalformedBody).with_detail("The body is not a form in UTF-8.")
            })?;
            Ok(Self(pairs(text)))
        })
    }
}

fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form && !request.headers().contains_key(header::CONTENT_ENCODING) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType)
        .with_detail("The form has to be sent as application/x-www-form-urlencoded, uncompressed."))
}
