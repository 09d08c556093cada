use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use portcullis_domain::{Client, UserAgent};

/// Where a request came from: the address of the peer, whatever forwarding headers say, and what the client
/// calls itself.
pub(crate) struct ClientOf(pub(crate) Client);

impl FromRequest for ClientOf {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| UserAgent::sanitized(&String::from_utf8_lossy(value.as_bytes())));
        let ip = request.peer_addr().map(|peer| peer.ip().to_canonical());
        ready(Ok(Self(Client { ip, user_agent })))
    }
}
