use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use portcullis_domain::{KeyId, SigningAlgorithm};
use zeroize::Zeroizing;

use super::public_jwk::PublicJwk;

/// A signing key, parsed once and ready for use.
pub(crate) struct KeyPair {
    private: PrivateKey,
    public: ParsedPublicKey,
    jwk: PublicJwk,
}

enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

impl KeyPair {
    /// A new private key, as PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    ///
    /// When the library draws no random numbers or has no memory.
    pub(super) fn generate_pkcs8(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        Ok(Zeroizing::new(match algorithm {
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8()?.as_ref().to_vec(),
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?.to_pkcs8v1()?.as_ref().to_vec()
            }
            SigningAlgorithm::Rs256 => {
                let pkcs8: Pkcs8V1Der<'_> = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?.as_der()?;
                pkcs8.as_ref().to_vec()
            }
        }))
    }

    /// Reads a private key from PKCS#8 DER.
    ///
    /// # Errors
    ///
    /// When it is none for `algorithm`.
    pub(super) fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        match algorithm {
            SigningAlgorithm::EdDsa => {
                let private = Ed25519KeyPair::from_pkcs8(pkcs8)?;
                let public = private.public_key().as_ref();
                Ok(Self {
                    public: ParsedPublicKey::new(&ED25519, public)?,
                    jwk: PublicJwk::ed25519(public),
                    private: PrivateKey::Ed25519(private),
                })
            }
            SigningAlgorithm::Es256 => {
                let private = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)?;
                // An uncompressed point: a tag of one octet, then the two coordinates (SEC 1 §2.3.3).
                let point = private.public_key().as_ref();
                let (x, y) = point[1..].split_at(P256_OCTETS);
                Ok(Self {
                    public: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?,
                    jwk: PublicJwk::p256(x, y),
                    private: PrivateKey::P256(private),
                })
            }
            SigningAlgorithm::Rs256 => {
                let private = rsa::KeyPair::from_pkcs8(pkcs8)?;
                let public = private.public_key();
                Ok(Self {
                    public: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)?,
                    jwk: PublicJwk::rsa(
                        public.modulus().big_endian_without_leading_zero(),
                        public.exponent().big_endian_without_leading_zero(),
                    ),
                    private: PrivateKey::Rsa(private),
                })
            }
        }
    }

    /// Names the key: its thumbprint.
    pub(crate) fn id(&self) -> KeyId {
        self.jwk.thumbprint()
    }

    /// The public part.
    pub(crate) fn public_jwk(&self) -> &PublicJwk {
        &self.jwk
    }

    /// Signs `message` as JWS does (RFC 7518 §3, RFC 8037 §3.1).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.private {
            PrivateKey::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            // Every second signature will do.
            PrivateKey::P256(key) => loop {
                let signature = key.sign(&SystemRandom::new(), message).expect("the key is sound");
                if is_canonical_p256(signature.as_ref()) {
                    return signature.as_ref().to_vec();
                }
            },
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .expect("the key is sound");
                signature
            }
        }
    }

    /// Whether [`sign`](Self::sign) may have given `signature` for `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let canonical = match self.private {
            PrivateKey::P256(_) => is_canonical_p256(signature),
            PrivateKey::Ed25519(_) | PrivateKey::Rsa(_) => true,
        };
        canonical && self.public.verify_sig(message, signature).is_ok()
    }
}

const P256_OCTETS: usize = 32;

/// Whether the second number of an ECDSA signature lies in the lower half of its range.
///
/// With any signature its mirror image in the other half is valid as well, and anyone can make it. Only
/// one of the two is signed and verified here, so that a token has one spelling.
fn is_canonical_p256(signature: &[u8]) -> bool {
    /// Half of the order of the curve's group, rounded down.
    const HALF: [u8; P256_OCTETS] = [
        0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
        0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
    ];
    signature.split_at_checked(P256_OCTETS).is_some_and(|(_, s)| s <= HALF.as_slice())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn generate(algorithm: SigningAlgorithm) -> KeyPair {
        let pkcs8 = KeyPair::generate_pkcs8(algorithm).expect("a key");
        KeyPair::from_pkcs8(algorithm, &pkcs8).expect("the key can be read")
    }

    #[test]
    fn ed25519_signs_the_example_of_rfc_8037() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64url");
        let pkcs8 =
            Ed25519KeyPair::from_seed_unchecked(&seed).and_then(|pair| Ok(pair.to_pkcs8()?)).expect("a key");
        let key = KeyPair::from_pkcs8(SigningAlgorithm::EdDsa, pkcs8.as_ref()).expect("an Ed25519 key");
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert_eq!(
            URL_SAFE_NO_PAD.encode(key.sign(message)),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        );
    }

    #[test]
    fn a_key_verifies_what_it_signed_and_nothing_else() {
        for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
            let (key, other) = (generate(algorithm), generate(algorithm));
            let signature = key.sign(b"message");
            assert!(key.verify(b"message", &signature));
            assert!(!key.verify(b"another", &signature));
            assert!(!other.verify(b"message", &signature));
            assert!(!key.verify(b"message", &[]));
            assert!(!key.verify(b"message", &signature[1..]));
            assert!(!key.verify(b"message", &[&signature[..], &[0]].concat()));
        }
    }

    #[test]
    fn a_key_of_another_algorithm_is_rejected() {
        let pkcs8 = KeyPair::generate_pkcs8(SigningAlgorithm::Es256).expect("a key");
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::EdDsa, &pkcs8).is_err());
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::Rs256, &pkcs8).is_err());
    }

    #[test]
    fn of_two_mirrored_ecdsa_signatures_only_the_lower_is_made_and_verified() {
        /// The order of the group.
        const ORDER: [u8; 32] = [
            0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ];
        let key = generate(SigningAlgorithm::Es256);
        for _ in 0..20 {
            let signature = key.sign(b"message");
            let mut mirrored = signature.clone();
            let mut borrow = 0;
            for index in (0..32).rev() {
                let difference = i16::from(ORDER[index]) - i16::from(signature[32 + index]) - borrow;
                borrow = i16::from(difference < 0);
                mirrored[32 + index] = u8::try_from(difference.rem_euclid(256)).expect("an octet");
            }
            assert!(key.public.verify_sig(b"message", &mirrored).is_ok(), "it is valid ECDSA");
            assert!(!key.verify(b"message", &mirrored));
            assert!(key.verify(b"message", &signature));
        }
    }
}
