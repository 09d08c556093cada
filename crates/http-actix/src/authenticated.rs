//! Who is calling.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use portcullis_domain::Principal;
use portcullis_domain::use_cases::UseCases;

use crate::problem::{Code, Problem};

/// A call by somebody who is signed in.
///
/// Authentication comes first, and `T` is only extracted after it: whoever may not call learns nothing of
/// what is wrong with the call.
pub(crate) struct Authenticated<T = ()> {
    /// Who is calling.
    pub(crate) principal: Principal,
    /// What they sent.
    pub(crate) input: T,
}

impl<T: FromRequest> FromRequest for Authenticated<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let principal = authenticate(&request).await?;
            let input = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self { principal, input })
        })
    }
}

async fn authenticate(request: &HttpRequest) -> Result<Principal, Problem> {
    let domain = request
        .app_data::<web::Data<UseCases>>()
        .ok_or_else(|| Problem::internal("the use cases are not in the app data"))?;
    match Bearer::of(request) {
        Bearer::Absent => Err(Problem::new(Code::Unauthenticated)),
        Bearer::Unusable => Err(Problem::new(Code::InvalidAccessToken)),
        Bearer::Token(token) => Ok(domain.authenticate.authenticate(token).await?),
    }
}

/// What the header `Authorization` says (RFC 6750 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    /// There is none, or it is of another scheme.
    Absent,
    /// There is more than one, or it holds no token.
    Unusable,
    /// A token, whatever it is worth.
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    pub(crate) fn of(request: &'a HttpRequest) -> Self {
        let mut values = request.headers().get_all(header::AUTHORIZATION);
        let Some(value) = values.next() else {
            return Self::Absent;
        };
        if values.next().is_some() {
            return Self::Unusable;
        }
        let octets = value.as_bytes();
        let end_of_scheme = octets.iter().position(|octet| *octet == b' ').unwrap_or(octets.len());
        let (scheme, credentials) = octets.split_at(end_of_scheme);
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            return Self::Absent;
        }
        match str::from_utf8(credentials.trim_ascii()) {
            Ok(token) if !token.is_empty() => Self::Token(token),
            _ => Self::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_bearer_is_one_header_with_one_token() {
        let cases: [(&[&str], Bearer<'_>); 10] = [
            (&[], Bearer::Absent),
            (&["Bearer abc"], Bearer::Token("abc")),
            (&["bEARER  abc"], Bearer::Token("abc")),
            (&["Basic YTpi"], Bearer::Absent),
            (&["Bearerabc"], Bearer::Absent),
            (&[""], Bearer::Absent),
            (&["Bearer"], Bearer::Unusable),
            (&["Bearer "], Bearer::Unusable),
            (&["Bearer abc", "Bearer abc"], Bearer::Unusable),
            (&["Bearer abc", "Basic YTpi"], Bearer::Unusable),
        ];
        for (headers, expected) in cases {
            let mut request = TestRequest::default();
            for value in headers {
                request = request.append_header((header::AUTHORIZATION, *value));
            }
            assert_eq!(Bearer::of(&request.to_http_request()), expected, "{headers:?}");
        }
    }
}
