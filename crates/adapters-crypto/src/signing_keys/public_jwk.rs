use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_domain::{KeyId, SigningAlgorithm};
use serde::Serialize;

/// A public key as a JWK (RFC 7517, RFC 7518 §6, RFC 8037).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PublicJwk {
    /// Exactly the members that the key type requires, in the order that a thumbprint wants.
    #[serde(flatten)]
    required: BTreeMap<&'static str, String>,
    kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
}

impl PublicJwk {
    /// An Ed25519 key.
    pub(super) fn ed25519(public_key: &[u8]) -> Self {
        let required = [("kty", "OKP".into()), ("crv", "Ed25519".into()), ("x", base64url(public_key))];
        Self::new(SigningAlgorithm::EdDsa, required.into())
    }

    /// A key on P-256.
    pub(super) fn p256(x: &[u8], y: &[u8]) -> Self {
        let required =
            [("kty", "EC".into()), ("crv", "P-256".into()), ("x", base64url(x)), ("y", base64url(y))];
        Self::new(SigningAlgorithm::Es256, required.into())
    }

    /// An RSA key; both numbers big-endian, without leading zeros.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let required = [("kty", "RSA".into()), ("n", base64url(modulus)), ("e", base64url(exponent))];
        Self::new(SigningAlgorithm::Rs256, required.into())
    }

    fn new(algorithm: SigningAlgorithm, required: BTreeMap<&'static str, String>) -> Self {
        let canonical = serde_json::to_vec(&required).expect("a map of strings can be written");
        let kid = base64url(digest(&SHA256, &canonical).as_ref());
        Self { required, kid, alg: algorithm.name(), usage: "sig" }
    }

    /// The key's SHA-256 thumbprint (RFC 7638).
    pub(super) fn thumbprint(&self) -> KeyId {
        KeyId::new(&*self.kid)
    }
}

fn base64url(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    }

    #[test]
    fn the_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() {
        let jwk = PublicJwk::ed25519(&octets("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert_eq!(jwk.thumbprint().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_thumbprint_of_an_rsa_key_is_that_of_rfc_7638() {
        let modulus = octets(concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
            "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI",
            "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        ));
        let jwk = PublicJwk::rsa(&modulus, &octets("AQAB"));
        assert_eq!(jwk.thumbprint().as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_key_is_published_with_its_id_its_algorithm_and_its_use() {
        let jwk = serde_json::to_value(PublicJwk::p256(&[1; 32], &[2; 32])).expect("JSON");
        let thumbprint = PublicJwk::p256(&[1; 32], &[2; 32]).thumbprint();
        assert_eq!(
            jwk,
            serde_json::json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": thumbprint.as_str(),
                "x": URL_SAFE_NO_PAD.encode([1; 32]), "y": URL_SAFE_NO_PAD.encode([2; 32]),
            })
        );
    }
}
