use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::UseCases;
use utoipa::ToSchema;

use crate::problem::{Problem, Problems};

/// Public keys (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is published to the document")]
struct JwkSet {
    /// Those of tokens that are good now, and that which will sign next.
    keys: Vec<Jwk>,
}

/// A public key; which of its numbers there are depends on its type (RFC 7518, RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is published to the document")]
struct Jwk {
    /// Which type of key it is.
    #[schema(examples("OKP"))]
    kty: String,
    /// What it is for: `sig`, signatures.
    #[schema(rename = "use", examples("sig"))]
    usage: String,
    /// In which algorithm it signs.
    #[schema(examples("EdDSA"))]
    alg: String,
    /// Names it in the headers of tokens.
    #[schema(examples("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"))]
    kid: String,
    /// On which curve it is.
    #[schema(value_type = String, required = false, examples("Ed25519"))]
    crv: Option<String>,
    /// Of a key on a curve.
    #[schema(value_type = String, required = false, examples("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))]
    x: Option<String>,
    /// Of a key on P-256.
    #[schema(value_type = String, required = false)]
    y: Option<String>,
    /// The modulus of an RSA key.
    #[schema(value_type = String, required = false)]
    n: Option<String>,
    /// The exponent of an RSA key.
    #[schema(value_type = String, required = false)]
    e: Option<String>,
}

/// Lists the public keys
///
/// With them other services verify access tokens by themselves. A new key stands here 10 minutes before it
/// signs, so a copy may be kept for five.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "Operations",
    responses(
        (status = 200, description = "A JWK Set (RFC 7517).", body = JwkSet,
            headers(("Cache-Control" = String, description = "For how long a copy may be kept.")),
            example = json!({"keys": [{
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
            }]})),
        Problems<StorageError>,
    )
)]
pub(crate) async fn public_keys(use_cases: web::Data<UseCases>) -> Result<HttpResponse, Problem> {
    let keys = use_cases.publish_keys.publish().await?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(keys))
}
