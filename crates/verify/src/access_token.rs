//! Access tokens, taken apart and forged.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::outcome::{Finding, Unshown};

/// A token that the service issued.
pub(crate) struct AccessToken {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) parts: [String; 3],
}

impl AccessToken {
    pub(crate) fn take_apart(token: &str) -> Finding<Self> {
        let apart = || {
            let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
            let parts: [String; 3] = parts.try_into().ok()?;
            Some(Self { header: decoded(&parts[0])?, claims: decoded(&parts[1])?, parts })
        };
        apart().ok_or_else(|| Unshown::Broken("the access token is no JWT in three parts".to_owned()))
    }

    /// The header with one member changed.
    pub(crate) fn header_with(&self, member: &str, value: Value) -> Value {
        let mut header = self.header.clone();
        header[member] = value;
        header
    }

    /// The claims under another header, without a signature.
    pub(crate) fn unsigned(&self, header: &Value) -> String {
        format!("{}.{}.", encoded(header), self.parts[1])
    }

    /// The claims under another header, with the signature of the genuine one.
    pub(crate) fn under(&self, header: &Value) -> String {
        format!("{}.{}.{}", encoded(header), self.parts[1], self.parts[2])
    }

    /// Other claims, with the signature of the genuine ones.
    pub(crate) fn claiming(&self, claims: &Value) -> String {
        format!("{}.{}.{}", self.parts[0], encoded(claims), self.parts[2])
    }

    /// The claims under a header that says HS256, authenticated with `secret`.
    pub(crate) fn authenticated_with(&self, header: &Value, secret: &[u8]) -> String {
        let mut header = header.clone();
        header["alg"] = json!("HS256");
        let message = format!("{}.{}", encoded(&header), self.parts[1]);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The claims under another header, signed by a stranger.
    pub(crate) fn signed_by(&self, stranger: &Stranger, header: &Value) -> String {
        let message = format!("{}.{}", encoded(header), self.parts[1]);
        let signature = stranger.0.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Somebody with a signing key of their own.
pub(crate) struct Stranger(Ed25519KeyPair);

impl Stranger {
    pub(crate) fn new() -> Self {
        Self(Ed25519KeyPair::generate().expect("the system has random octets"))
    }

    /// Their public key, as a token brings it along.
    pub(crate) fn public_key(&self) -> Value {
        let octets = URL_SAFE_NO_PAD.encode(self.0.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "stranger", "x": octets })
    }
}

/// Every form in which somebody who confuses algorithms could take a public key for a shared secret.
pub(crate) fn mistakable_for_secrets(key: &Value) -> Vec<Vec<u8>> {
    let mut forms = vec![key.to_string().into_bytes()];
    for member in ["x", "y", "n"] {
        if let Some(text) = key[member].as_str() {
            forms.push(text.as_bytes().to_vec());
            forms.extend(URL_SAFE_NO_PAD.decode(text));
        }
    }
    if let Some(der) = subject_public_key_info(key) {
        let lines = STANDARD.encode(&der).into_bytes();
        let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
        forms.extend([format!("{pem}\n").into_bytes(), pem.into_bytes(), der]);
    }
    forms
}

/// The key as a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7); none for a kind that is not known here.
fn subject_public_key_info(key: &Value) -> Option<Vec<u8>> {
    /// What stands before the 32 octets of Ed25519 (RFC 8410 §4).
    const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    /// What stands before the two coordinates of P-256 (RFC 5480 §2).
    const P256: &[u8] = &[
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    let octets = |member: &str| URL_SAFE_NO_PAD.decode(key[member].as_str()?).ok();
    match (key["kty"].as_str()?, key["crv"].as_str()) {
        ("OKP", Some("Ed25519")) => Some([ED25519, &octets("x")?].concat()),
        ("EC", Some("P-256")) => Some([P256, &octets("x")?, &octets("y")?].concat()),
        ("RSA", _) => {
            let components = PublicKeyComponents { n: octets("n")?, e: octets("e")? };
            Some(components.as_der().ok()?.as_ref().to_vec())
        }
        _ => None,
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    fn genuine() -> AccessToken {
        let header = encoded(&json!({ "alg": "EdDSA", "kid": "1" }));
        AccessToken::take_apart(&format!("{header}.{}.c2ln", encoded(&json!({ "sub": "ada" })))).unwrap()
    }

    #[test]
    fn a_stranger_signs_so_that_their_own_key_verifies_it() {
        let stranger = Stranger::new();
        let key = stranger.public_key();
        let token = genuine().signed_by(&stranger, &json!({ "alg": "EdDSA", "jwk": key }));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let octets = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, octets).verify(message.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_shared_secret_authenticates() {
        let token = genuine().authenticated_with(&json!({ "alg": "EdDSA", "kid": "1" }), b"secret");
        let (message, tag) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        hmac::verify(&key, message.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).unwrap()).unwrap();
        assert_eq!(decoded(token.split('.').next().unwrap()).unwrap(), json!({ "alg": "HS256", "kid": "1" }));
    }

    #[test]
    fn a_public_key_has_its_forms_in_pem_and_der() {
        let forms = mistakable_for_secrets(&Stranger::new().public_key());
        assert!(forms.iter().any(|form| form.len() == 44 && form[0] == 0x30), "DER");
        assert!(forms.iter().any(|form| form.starts_with(b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA")));
    }
}
