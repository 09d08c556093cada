//! Who is calling.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture};
use portcullis_domain::{Actor, Principal};

use crate::access;
use crate::client::ClientOf;
use crate::problem::{Answers, Code, Problem};
use crate::{Authentication, HttpOptions};

/// Who is calling: a handler that takes it lets nobody in who is not signed in, and answers them 401.
///
/// On routes of an application's own it asks the installation that
/// [`Api::recognise_callers`](crate::Api::recognise_callers) tells them of.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Principal);

/// Who is calling to change what is not their own, from where, and with what authority.
pub(crate) struct Acting(pub(crate) Actor);

/// Who is calling to change their own account.
pub(crate) struct OwnAccount(Option<Principal>);

/// The caller is the built-in administrator, who has no account.
pub(crate) struct NoAccount;

impl OwnAccount {
    /// Who is calling. It is for after all that was sent has been read: what is wrong with that is told first.
    pub(crate) fn of_whom(self) -> Result<Principal, NoAccount> {
        self.0.ok_or(NoAccount)
    }
}

impl From<NoAccount> for Problem {
    fn from(_: NoAccount) -> Self {
        Self::new(Code::NotFound).with_detail("The built-in administrator has no account to change.")
    }
}

impl Answers for NoAccount {
    const CODES: &'static [Code] = &[Code::NotFound];
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(principal) = admitted(request) {
            return Either::Left(ready(Ok(Self(principal))));
        }
        let request = request.clone();
        Either::Right(async move { access::authenticate(&request).await.map(Self) }.boxed_local())
    }
}

/// Whom the guard of the route has let in.
fn admitted(request: &HttpRequest) -> Option<Principal> {
    request.extensions_mut().remove()
}

/// The same, where there is such a guard.
fn let_in(request: &HttpRequest) -> Result<Principal, Problem> {
    admitted(request).ok_or_else(|| Problem::internal("nobody was authenticated on this route"))
}

impl FromRequest for Acting {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Ok(ClientOf(client)) = ClientOf::extract(request).into_inner();
        ready(let_in(request).map(|principal| Self(Actor::signed_in(&principal, client))))
    }
}

impl FromRequest for OwnAccount {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let options = request.app_data::<web::Data<HttpOptions>>();
        let has_account =
            options.is_some_and(|options| options.authentication == Authentication::AccessTokens);
        ready(let_in(request).map(|principal| Self(has_account.then_some(principal))))
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
