//! Tokens that are good, and tokens that are not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use example_resource_server::{FetchLimits, Refusal, Verifier, service};
use jsonwebtoken::{Algorithm, EncodingKey, Header, decode_header, encode, get_current_timestamp};
use portcullis_adapters_crypto::{JwtAccessTokens, KeyRing, OsEntropy, SealingKeyFactory};
use portcullis_adapters_process::SystemClock;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::Clock as _;
use portcullis_domain::use_cases::{ClaimedIdentifier, LoginCommand, RotationStart, UseCases};
use portcullis_domain::{Actor, Origin, SigningAlgorithm};
use portcullis_testkit::{Fakes, fixtures};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ISSUER: &str = "https://accounts.example.com";
const AUDIENCE: &str = "https://api.example.com";

/// Where an issuer publishes its keys, and how often they were fetched.
#[derive(Default)]
struct Published {
    keys: Mutex<BTreeMap<String, Value>>,
    fetches: AtomicU32,
}

impl Published {
    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn serve(self: Arc<Self>) -> String {
        let keys = move || {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            let keys: Vec<_> = self.keys.lock().expect("nobody panics").values().cloned().collect();
            async move { json!({ "keys": keys }).to_string() }
        };
        let address = listen(Router::new().route("/jwks", get(keys))).await;
        format!("http://{address}/jwks")
    }
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

/// A key of the issuer.
struct Signer {
    id: String,
    key: EncodingKey,
}

impl Signer {
    /// A new one, which is published.
    fn new(id: &str, published: &Published) -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let public = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id, "x": public});
        published.keys.lock().expect("nobody panics").insert(id.to_owned(), jwk);
        let private = pair.to_pkcs8().expect("a private key");
        Self { id: id.to_owned(), key: EncodingKey::from_ed_der(private.as_ref()) }
    }

    fn header(&self) -> Header {
        let typ = Some("at+jwt".to_owned());
        Header { typ, kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).expect("a token")
    }
}

fn claims() -> Value {
    let now = get_current_timestamp();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "nbf": now, "exp": now + 600, "permissions": ["reports:read"],
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("claims").remove(name);
    claims
}

async fn verifier(published: &Arc<Published>, limits: FetchLimits) -> Verifier {
    Verifier::new(ISSUER, AUDIENCE, &Arc::clone(published).serve().await, limits)
}

fn login() -> LoginCommand {
    LoginCommand {
        identifier: ClaimedIdentifier::Email("ada@example.com".to_owned()),
        password: Some(fixtures::password(fixtures::PASSWORD)),
        client: fixtures::client(),
    }
}

#[tokio::test]
async fn a_token_of_portcullis_is_good_under_each_key_that_comes() {
    let fakes = Fakes::default();
    let secret = fixtures::secret_key();
    let mut ports = fakes.ports();
    ports.clock = Arc::new(SystemClock);
    ports.entropy = Arc::new(OsEntropy);
    ports.key_factory = Arc::new(SealingKeyFactory::new(&secret));
    let ring = KeyRing::load(ports.signing_keys.clone(), &secret, SystemClock.now()).await.expect("a ring");
    let ring = Arc::new(ring);
    ports.access_tokens = Arc::new(JwtAccessTokens::new(ring.clone(), ISSUER, AUDIENCE));
    let use_cases = UseCases::new(&ports, Policy::default(), &secret);
    let published = Arc::new(Published::default());
    let limits = FetchLimits { shortest_pause: Duration::ZERO, ..FetchLimits::default() };
    let verifier = verifier(&published, limits).await;
    let user = use_cases
        .create_user
        .create(&Actor::operator(), fixtures::new_user("ada@example.com"))
        .await
        .expect("an account");

    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
        let origin = Origin::operator();
        let rotation = use_cases.rotate_signing_key.rotate(&origin, algorithm, RotationStart::Immediate);
        let key = rotation.await.expect("a key");
        ring.refresh(SystemClock.now()).await.expect("the key is read");
        let keys: Value =
            serde_json::from_str(&use_cases.publish_keys.publish().await.expect("keys")).expect("JSON");
        for key in keys["keys"].as_array().expect("keys") {
            let id = key["kid"].as_str().expect("an id").to_owned();
            published.keys.lock().expect("nobody panics").insert(id, key.clone());
        }
        let login = use_cases.login.login(login()).await.expect("a login");
        let claims = verifier.verify(&login.tokens.access_token).await.expect("a good token");
        assert_eq!(claims.sub, user.id.to_string());
        let header = decode_header(login.tokens.access_token.as_str()).expect("a header");
        assert_eq!(header.kid.as_deref(), Some(key.id.as_str()));
    }
}

#[tokio::test]
async fn what_is_not_for_here_and_now_is_refused() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let verifier = verifier(&published, FetchLimits::default()).await;
    let good = signer.sign(&signer.header(), &claims());
    assert_eq!(verifier.verify(&good).await.expect("a good token").sub, "ada");

    let now = get_current_timestamp();
    for claims in [
        with("iss", json!("https://elsewhere.example.com")),
        with("aud", json!("https://elsewhere.example.com")),
        with("exp", json!(now - 60)),
        with("nbf", json!(now + 60)),
        without("iss"),
        without("aud"),
        without("exp"),
        without("nbf"),
        without("sub"),
        without("permissions"),
    ] {
        let refused = verifier.verify(&signer.sign(&signer.header(), &claims)).await;
        assert!(matches!(refused, Err(Refusal::Invalid)), "{claims}");
    }
}

#[tokio::test]
async fn what_is_not_signed_as_the_key_says_is_refused() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let other = Signer::new("two", &published);
    let verifier = verifier(&published, FetchLimits::default()).await;

    let public = published.keys.lock().expect("nobody panics")["one"]["x"].as_str().expect("x").to_owned();
    let symmetric = Header { alg: Algorithm::HS256, ..signer.header() };
    let secret = EncodingKey::from_secret(&BASE64_URL_SAFE_NO_PAD.decode(public).expect("base64url"));
    let symmetric = encode(&symmetric, &claims(), &secret).expect("a token");

    let good = signer.sign(&signer.header(), &claims());
    let (_, payload_and_signature) = good.split_once('.').expect("three parts");
    let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt","kid":"one"}"#);
    let unsigned = format!("{none}.{payload_and_signature}");

    let id_token = signer.sign(&Header { typ: Some("JWT".to_owned()), ..signer.header() }, &claims());
    let without_key = signer.sign(&Header { kid: None, ..signer.header() }, &claims());
    let of_another_key = other.sign(&signer.header(), &claims());
    let with_more_rights = {
        let parts: Vec<_> = good.split('.').collect();
        let payload = BASE64_URL_SAFE_NO_PAD.encode(with("permissions", json!(["users:delete"])).to_string());
        format!("{}.{payload}.{}", parts[0], parts[2])
    };
    for token in
        [symmetric, unsigned, id_token, without_key, of_another_key, with_more_rights, "junk".to_owned()]
    {
        assert!(matches!(verifier.verify(&token).await, Err(Refusal::Invalid)), "{token}");
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let published = Arc::new(Published::default());
    let old = Signer::new("old", &published);
    let limits = FetchLimits { shortest_pause: Duration::ZERO, ..FetchLimits::default() };
    let verifier = verifier(&published, limits).await;
    for _ in 0..3 {
        verifier.verify(&old.sign(&old.header(), &claims())).await.expect("a good token");
    }
    assert_eq!(published.fetches(), 1, "a copy serves as long as it has the key");
    let new = Signer::new("new", &published);
    verifier.verify(&new.sign(&new.header(), &claims())).await.expect("a good token");
    assert_eq!(published.fetches(), 2);
}

#[tokio::test]
async fn made_up_keys_are_not_fetched_again_and_again() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let verifier = Arc::new(verifier(&published, FetchLimits::default()).await);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let header = Header { kid: Some(format!("made-up-{number}")), ..signer.header() };
        let (verifier, token) = (verifier.clone(), signer.sign(&header, &claims()));
        calls.spawn(async move { matches!(verifier.verify(&token).await, Err(Refusal::Invalid)) });
    }
    assert!(calls.join_all().await.into_iter().all(|is_refused| is_refused));
    assert_eq!(published.fetches(), 1);
    verifier.verify(&signer.sign(&signer.header(), &claims())).await.expect("a good token");
}

#[tokio::test]
async fn an_old_copy_is_replaced_and_a_key_that_is_withdrawn_counts_no_more() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let limits = FetchLimits { longest_use: Duration::ZERO, shortest_pause: Duration::ZERO };
    let verifier = verifier(&published, limits).await;
    let token = signer.sign(&signer.header(), &claims());
    verifier.verify(&token).await.expect("a good token");
    published.keys.lock().expect("nobody panics").clear();
    assert!(matches!(verifier.verify(&token).await, Err(Refusal::Invalid)));
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_nobody_is_blamed() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let verifier = Verifier::new(ISSUER, AUDIENCE, "http://127.0.0.1:1/jwks", FetchLimits::default());
    let refused = verifier.verify(&signer.sign(&signer.header(), &claims())).await;
    assert!(matches!(refused, Err(Refusal::NoKeys(_))));
}

#[tokio::test]
async fn reports_are_for_who_may_read_them() {
    let published = Arc::new(Published::default());
    let signer = Signer::new("one", &published);
    let verifier = verifier(&published, FetchLimits::default()).await;
    let address = listen(service(Arc::new(verifier))).await;
    let client = reqwest::Client::new();
    let call = async |token: &str| {
        let request = client.get(format!("http://{address}/reports")).bearer_auth(token);
        request.send().await.expect("an answer")
    };
    let analyst = call(&signer.sign(&signer.header(), &claims())).await;
    assert_eq!(analyst.text().await.expect("text"), "The reports for ada");
    let nobody = call(&signer.sign(&signer.header(), &with("permissions", json!([])))).await;
    assert_eq!(nobody.status(), 403);
    let forger = call("forged").await;
    assert_eq!(forger.status(), 401);
    assert_eq!(forger.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
}
