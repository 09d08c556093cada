//! Who calls, as far as the connection and the headers of a request tell.

mod forwarded;
mod trusted_proxies;
mod x_forwarded_for;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use portcullis_domain::{Client, UserAgent};

pub use trusted_proxies::TrustedProxies;

use crate::HttpOptions;

/// Where a request came from, and what the client calls itself.
#[derive(Debug)]
pub struct ClientOf(pub Client);

impl FromRequest for ClientOf {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user_agent = request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| UserAgent::sanitized(&String::from_utf8_lossy(value.as_bytes())));
        ready(Ok(Self(Client { ip: address_of(request), user_agent })))
    }
}

/// The address of the client that sent a request; none when it came through a Unix socket.
pub(crate) fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(match request.app_data::<web::Data<HttpOptions>>() {
        Some(options) => options.trusted_proxies.client_address(peer, request.headers()),
        None => peer.to_canonical(),
    })
}
