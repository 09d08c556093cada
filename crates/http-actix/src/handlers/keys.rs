use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::UseCases;

use crate::problem::{Problem, Problems};

/// Lists the public keys
///
/// With them other services verify access tokens by themselves. A new key stands here 10 minutes before it
/// signs, so a copy may be kept for five.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "Operations",
    responses(
        (status = 200, description = "A JWK Set (RFC 7517).", body = Object,
            headers(("Cache-Control" = String, description = "For how long a copy may be kept.")),
            example = json!({"keys": [{
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
            }]})),
        Problems<StorageError>,
    )
)]
pub(crate) async fn public_keys(domain: web::Data<UseCases>) -> Result<HttpResponse, Problem> {
    let keys = domain.publish_keys.publish().await?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(keys))
}
