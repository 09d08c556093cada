//! Bodies: JSON of at most 64 KiB that arrives in time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use zeroize::Zeroizing;

use crate::fields::{Fault, Fields, FromFields};
use crate::json::Json;
use crate::problem::{Code, FieldCode, Problem};

/// The most octets that a body may have.
const MAX_OCTETS: usize = 64 * 1024;

/// How long a body may take to arrive. Afterwards it counts as malformed, and the connection is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that has to be there.
pub(crate) struct Body<T>(pub(crate) T);

/// A body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

impl<T: FromFields> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_media_type(&request)?;
            let octets = receive(request.headers(), payload).await?;
            parse(&octets).map(Self)
        })
    }
}

impl<T: FromFields> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let octets = receive(request.headers(), payload).await?;
            if octets.is_empty() {
                return Ok(Self(None));
            }
            check_media_type(&request)?;
            parse(&octets).map(Some).map(Self)
        })
    }
}

/// One `Content-Type` of `application/json`, in UTF-8, and no content coding.
fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let unsupported = || Problem::new(Code::UnsupportedMediaType);
    let headers = request.headers();
    let is_coded = headers.get_all(header::CONTENT_ENCODING).any(|coding| coding != "identity");
    if is_coded || headers.get_all(header::CONTENT_TYPE).count() != 1 {
        return Err(unsupported());
    }
    let media_type = request.mime_type().ok().flatten().ok_or_else(unsupported)?;
    let is_json = media_type.essence_str() == "application/json";
    let is_utf8 = media_type.get_param("charset").is_none_or(|charset| charset == "utf-8");
    if is_json && is_utf8 { Ok(()) } else { Err(unsupported()) }
}

/// All octets of a body, in time.
///
/// # Errors
///
/// 413 past 64 KiB, 400 when it ends too early or takes too long.
pub(crate) async fn receive(headers: &HeaderMap, payload: Payload) -> Result<Zeroizing<Vec<u8>>, Problem> {
    tokio::time::timeout(PATIENCE, collect(headers, payload))
        .await
        .map_err(|_| Problem::new(Code::MalformedBody).with_detail("The body did not arrive in time."))?
}

async fn collect(headers: &HeaderMap, mut payload: Payload) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > MAX_OCTETS {
        return Err(Problem::new(Code::PayloadTooLarge));
    }
    // Reserved up front: growing would leave unwiped copies of secrets behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(chunk) = payload.next().await {
        let incomplete = |_| Problem::new(Code::MalformedBody).with_detail("The body ended too early.");
        let chunk = chunk.map_err(incomplete)?;
        if octets.len() + chunk.len() > MAX_OCTETS {
            return Err(Problem::new(Code::PayloadTooLarge));
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}

fn parse<T: FromFields>(octets: &[u8]) -> Result<T, Problem> {
    match Json::parse(octets) {
        Ok(Json::Object(members)) => Fields::of_object(members).read(),
        Ok(Json::Null | Json::Flag(_) | Json::Text(_) | Json::List(_) | Json::Other) => {
            let fault = Fault::new(FieldCode::Invalid, "has to be a JSON object");
            Err(Problem::validation_failed(vec![fault.of("body")]))
        }
        Err(_) => Err(Problem::new(Code::MalformedBody)
            .with_detail("The body is not well-formed JSON in UTF-8, or names one key twice.")),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let stalled = Payload::from(stream::pending().boxed_local());
        let given_up = receive(&HeaderMap::new(), stalled).await.unwrap_err();
        assert_eq!(given_up.to_string(), "malformed_body");
    }
}
