//! A service that knows people only by the access tokens that they bring.

mod keys;
mod verifier;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub use keys::FetchLimits;
pub use verifier::{Claims, Refusal, Verifier};

/// The service, which lets in whom `verifier` knows.
pub fn service(verifier: Arc<Verifier>) -> Router {
    Router::new().route("/reports", get(reports)).with_state(verifier)
}

async fn reports(Caller(claims): Caller) -> Result<String, Lacking> {
    if !claims.permissions.iter().any(|permission| permission == "reports:read") {
        return Err(Lacking);
    }
    Ok(format!("The reports for {}", claims.sub))
}

/// Who is calling, by their token.
struct Caller(Claims);

impl FromRequestParts<Arc<Verifier>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, verifier: &Arc<Verifier>) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or(Refusal::Invalid)?;
        verifier.verify(token).await.map(Self)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid => {
                let challenge = [(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)];
                (StatusCode::UNAUTHORIZED, challenge).into_response()
            }
            Self::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

/// The token is good, but not for this.
struct Lacking;

impl IntoResponse for Lacking {
    fn into_response(self) -> Response {
        let challenge = [(WWW_AUTHENTICATE, r#"Bearer error="insufficient_scope""#)];
        (StatusCode::FORBIDDEN, challenge).into_response()
    }
}
