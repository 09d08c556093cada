use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use portcullis_adapters_crypto::{JwtAccessTokens, KeyRing, SealingKeyFactory};
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{AccessClaims, AccessToken, AccessTokens as _, AddedClaims};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{AccessTokenId, SessionId, SigningAlgorithm, Timestamp, UserId};
use portcullis_testkit::{Fakes, FrozenClock, fixtures};
use uuid::Uuid;

use crate::calls::{self, Calls};

const NOW: Timestamp = FrozenClock::START;

/// Signs an access token with the algorithm that is used by default, Ed25519.
pub(crate) fn sign_access_token() -> Calls {
    let tokens = access_tokens(&Fakes::default());
    let claims = claims(0);
    calls::alike(move || issue(&tokens, &claims))
}

/// Checks an access token that was not seen before: its signature, and all that it says.
pub(crate) fn check_new_access_token() -> Calls {
    let tokens = Rc::new(access_tokens(&Fakes::default()));
    let (issuer, mut number) = (Rc::clone(&tokens), 0);
    let new_token = move || {
        number += 1;
        issue(&issuer, &claims(number))
    };
    calls::with_inputs(new_token, move |token| check(&tokens, &token))
}

/// Checks an access token that was seen before.
pub(crate) fn check_seen_access_token() -> Calls {
    let tokens = access_tokens(&Fakes::default());
    let token = issue(&tokens, &claims(0));
    check(&tokens, &token);
    calls::alike(move || check(&tokens, &token))
}

/// The access tokens of an installation that keeps its signing key in the storage of `fakes`.
pub(crate) fn access_tokens(fakes: &Fakes) -> JwtAccessTokens {
    let secret = fixtures::secret_key();
    let mut ports = fakes.ports();
    ports.key_factory = Arc::new(SealingKeyFactory::new(&secret));
    let use_cases = UseCases::new(&ports, Policy::default(), &secret);
    at_once(use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa)).expect("a key is made");
    let ring = at_once(KeyRing::load(ports.signing_keys, &secret, NOW)).expect("the key can be read");
    JwtAccessTokens::new(Arc::new(ring), "https://accounts.example.com", "https://accounts.example.com")
}

/// What the token with this number says.
fn claims(number: u128) -> AccessClaims {
    AccessClaims {
        user_id: UserId::from(Uuid::from_u128(1)),
        session_id: SessionId::from(Uuid::from_u128(2)),
        token_id: AccessTokenId::from(Uuid::from_u128(number)),
        issued_at: NOW,
        expires_at: NOW + Duration::from_mins(30),
        roles: vec![fixtures::role("user"), fixtures::role("accountant")],
        permissions: vec![fixtures::permission("invoices:read"), fixtures::permission("invoices:write")],
        email_verified: true,
        added: AddedClaims::new(),
    }
}

fn issue(tokens: &JwtAccessTokens, claims: &AccessClaims) -> AccessToken {
    at_once(tokens.issue(claims)).expect("there is a key")
}

fn check(tokens: &JwtAccessTokens, token: &str) -> SessionId {
    at_once(tokens.verify(token, NOW)).expect("it was issued here").session_id
}

/// What comes of a future that waits for nothing.
pub(crate) fn at_once<O>(future: impl Future<Output = O>) -> O {
    future.now_or_never().expect("it waits for nothing")
}
