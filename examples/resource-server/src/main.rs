//! Serves reports at <http://localhost:8081/reports>.

use std::env;
use std::sync::Arc;

use example_resource_server::{FetchLimits, Verifier, service};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let issuer = setting("ISSUER", "http://localhost:8080");
    let audience = setting("AUDIENCE", &issuer);
    let jwks_url = setting("JWKS_URL", "http://localhost:8080/accounts/.well-known/jwks.json");
    let verifier = Verifier::new(&issuer, &audience, &jwks_url, FetchLimits::default());
    let listener = TcpListener::bind(("127.0.0.1", 8081)).await?;
    axum::serve(listener, service(Arc::new(verifier))).await?;
    Ok(())
}
