use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_domain::KeyId;
use portcullis_domain::ports::AccessToken;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::strict_json;
use crate::signing_keys::RingKey;

/// A JWS in compact serialization (RFC 7515 §7.1) whose signature is still to be verified.
pub(super) struct CompactJws<'t> {
    alg: String,
    key: KeyId,
    signing_input: &'t str,
    payload: &'t str,
    signature: &'t str,
}

/// Every member that a header has. With any other, such as `jwk`, `jku`, `x5u`, `x5c` or `crit`, it is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl Header {
    const TYP: &str = "at+jwt";
}

impl<'t> CompactJws<'t> {
    /// Signs `payload` with `key`.
    pub(super) fn sign(key: &RingKey, payload: &[u8]) -> AccessToken {
        let header = Header {
            alg: key.record.algorithm.name().to_owned(),
            typ: Header::TYP.to_owned(),
            kid: key.record.id.to_string(),
        };
        let header = serde_json::to_vec(&header).expect("strings can be written");
        let mut token = Zeroizing::new(URL_SAFE_NO_PAD.encode(header));
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = key.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Reads three parts and a header such as [`sign`](Self::sign) writes.
    pub(super) fn parse(token: &'t str) -> Option<Self> {
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        let header: Header = strict_json::read_object(&decode(header)?)?;
        (header.typ == Header::TYP).then(|| Self {
            alg: header.alg,
            key: KeyId::new(header.kid),
            signing_input,
            payload,
            signature,
        })
    }

    /// The key that it names.
    pub(super) fn key(&self) -> &KeyId {
        &self.key
    }

    /// The payload, if `key` signed it. With which algorithm, the key says.
    pub(super) fn verify(&self, key: &RingKey) -> Option<Vec<u8>> {
        let authentic = self.alg == key.record.algorithm.name()
            && key.pair.verify(self.signing_input.as_bytes(), &decode(self.signature)?);
        if authentic { decode(self.payload) } else { None }
    }
}

/// Decodes base64url; refuses padding, and bits that the last character should not have.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
