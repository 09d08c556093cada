use std::sync::Arc;
use std::time::Duration;

use portcullis_adapters_crypto::{JwtAccessTokens, KeyRing, OsEntropy, SealingKeyFactory};
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{AccessClaims, AccessToken, AccessTokenError, AccessTokens as _, AddedClaims};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{AccessTokenId, SessionId, SigningAlgorithm, Timestamp, UserId};
use portcullis_testkit::{Fakes, FrozenClock, fixtures};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::edits::edited;

const NOW: Timestamp = FrozenClock::START;

/// No text is an access token but those, to the letter, that were issued here.
pub fn access_tokens(octets: &[u8]) {
    thread_local!(static ISSUER: Issuer = Issuer::new());
    ISSUER.with(|issuer| {
        let [header, payload, signature] = issuer.parts();
        let text = String::from_utf8_lossy(octets);
        issuer.judge(&text);
        issuer.judge(&edited(&issuer.genuine, octets));
        issuer.judge(&format!("{}.{payload}.{signature}", base64url(octets)));
        issuer.judge(&format!("{header}.{}.{signature}", base64url(octets)));
        issuer.judge(&format!("{header}.{payload}.{}", base64url(octets)));
        issuer.judge(&issuer.genuine);
    });
}

/// Somebody who issued one token.
struct Issuer {
    runtime: Runtime,
    access_tokens: JwtAccessTokens,
    claims: AccessClaims,
    genuine: AccessToken,
}

impl Issuer {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let claims = AccessClaims {
            user_id: UserId::from(Uuid::from_u128(1)),
            session_id: SessionId::from(Uuid::from_u128(2)),
            token_id: AccessTokenId::from(Uuid::from_u128(3)),
            issued_at: NOW,
            expires_at: NOW + Duration::from_mins(30),
            roles: vec![fixtures::role("user")],
            permissions: vec![fixtures::permission("reports:read")],
            email_verified: true,
            added: AddedClaims::new(),
        };
        let (access_tokens, genuine) = runtime.block_on(async {
            let fakes = Fakes::default();
            let mut ports = fakes.ports();
            ports.key_factory = Arc::new(SealingKeyFactory::new(&fixtures::secret_key()));
            ports.entropy = Arc::new(OsEntropy);
            let use_cases = UseCases::new(&ports, Policy::default(), &fixtures::secret_key());
            use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.expect("a key is made");
            let ring = KeyRing::load(Arc::new(fakes.storage), &fixtures::secret_key(), NOW).await;
            let ring = Arc::new(ring.expect("the key can be read"));
            let access_tokens = JwtAccessTokens::new(ring, "https://accounts.example", "https://api.example");
            let genuine = access_tokens.issue(&claims).await.expect("a token is issued");
            (access_tokens, genuine)
        });
        Self { runtime, access_tokens, claims, genuine }
    }

    fn parts(&self) -> [&str; 3] {
        let mut parts = self.genuine.split('.');
        [(); 3].map(|()| parts.next().expect("a token has three parts"))
    }

    fn judge(&self, text: &str) {
        let verified = self.runtime.block_on(self.access_tokens.verify(text, NOW));
        match verified {
            Ok(token) => {
                assert_eq!((text, token.session_id), (self.genuine.as_str(), self.claims.session_id));
            }
            Err(error) => {
                assert!(matches!(error, AccessTokenError::Invalid), "{error}");
                assert_ne!(text, self.genuine.as_str());
            }
        }
    }
}

fn base64url(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets)
}
