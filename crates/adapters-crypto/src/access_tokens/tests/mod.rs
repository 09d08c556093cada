//! What is issued, what is refused, and what the store is asked for.

mod in_time;
mod issued;
mod refused;
mod rotated;
mod stored;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::ports::{AddedClaims, KeySuccession, SigningKeyFactory as _, SigningKeyRepository};
use portcullis_domain::{Origin, Permission, RoleName, SecretKey, SigningAlgorithm, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::signing_keys::RingKey;
use crate::{OsEntropy, SealingKeyFactory};

const ISSUER: &str = "https://accounts.example.org";
const AUDIENCE: &str = "https://api.example.org";
const NOW: Timestamp = Timestamp::from_unix_micros(1_800_000_000_500_000);
const SECOND: Duration = Duration::from_secs(1);
const LIFETIME: Duration = Duration::from_mins(30);
const ALGORITHMS: [SigningAlgorithm; 3] =
    [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256];

/// [`StorageError::unavailable`] or [`StorageError::broken`].
type Failure = fn(&'static str) -> StorageError;

/// A store in memory that counts its reads and fails on demand.
#[derive(Default)]
struct Store {
    keys: Mutex<Vec<SigningKey>>,
    failure: Mutex<Option<Failure>>,
    reads: AtomicUsize,
}

impl Store {
    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<SigningKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail_with(&self, failure: Option<Failure>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Adds a key that signs from `signs_from`, as another process would.
    async fn rotate(&self, algorithm: SigningAlgorithm, now: Timestamp, signs_from: Timestamp) -> KeyId {
        let key = SealingKeyFactory::new(&secret(1)).generate(algorithm, now, signs_from);
        let (id, predecessor) = (key.id.clone(), self.keys().last().map(|key| key.id.clone()));
        let succession = KeySuccession {
            key,
            predecessor,
            predecessor_until: signs_from + LIFETIME,
            event: AuditEvent::new(AuditKind::SigningKeyRotation, &Origin::operator(), now, &OsEntropy),
        };
        assert!(self.succeed(succession).await.expect("the store works"));
        id
    }
}

#[async_trait]
impl SigningKeyRepository for Store {
    async fn list(&self) -> Result<Vec<SigningKey>, StorageError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match *self.failure.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure("scripted")),
            None => Ok(self.keys().clone()),
        }
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        let KeySuccession { key, predecessor, predecessor_until, event: _ } = succession;
        let mut keys = self.keys();
        if keys.last().map(|newest| newest.id.clone()) != predecessor {
            return Ok(false);
        }
        if let Some(newest) = keys.last_mut() {
            newest.verifies_until = Some(predecessor_until);
        }
        keys.push(key);
        Ok(true)
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u32, StorageError> {
        let mut keys = self.keys();
        let before = keys.len();
        keys.retain(|key| key.verifies(now));
        Ok(u32::try_from(before - keys.len()).expect("few keys"))
    }
}

/// A service with one key, and what an attacker would love to have: its key.
struct Service {
    store: Arc<Store>,
    access_tokens: JwtAccessTokens,
    key: Arc<RingKey>,
}

fn secret(number: u8) -> SecretKey {
    SecretKey::new((0..32).map(|index| number ^ index).collect()).expect("long enough")
}

async fn load(store: &Arc<Store>) -> Arc<KeyRing> {
    Arc::new(KeyRing::load(Arc::<Store>::clone(store), &secret(1), NOW).await.expect("the keys can be read"))
}

impl Service {
    async fn start(algorithm: SigningAlgorithm) -> Self {
        let store = Arc::new(Store::default());
        store.rotate(algorithm, NOW, NOW).await;
        let ring = load(&store).await;
        let key = ring.signing(NOW).await.expect("the store works").expect("a key");
        Self { access_tokens: JwtAccessTokens::new(ring, ISSUER, AUDIENCE), store, key }
    }

    async fn issue(&self, at: Timestamp) -> AccessToken {
        self.access_tokens.issue(&claims(at)).await.expect("the store works")
    }

    async fn accepts(&self, token: &str, now: Timestamp) -> bool {
        match self.access_tokens.verify(token, now).await {
            Ok(verified) => {
                let payload = decoded(token.split('.').nth(1).expect("three parts"));
                assert_eq!(verified.user_id.to_string(), payload["sub"]);
                assert_eq!(verified.session_id.to_string(), payload["sid"]);
                assert_eq!(verified.token_id.to_string(), payload["jti"]);
                assert_eq!(verified.issued_at, moment(&payload["iat"]));
                assert_eq!(verified.expires_at, moment(&payload["exp"]));
                true
            }
            Err(AccessTokenError::Invalid) => false,
            Err(AccessTokenError::Storage(error)) => panic!("the store works, but {error}"),
        }
    }

    /// A token that is as it should be, but for the member `name` of its header.
    fn with_header(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&replaced(self.header(), name, value).to_string(), &payload().to_string())
    }

    /// A token that is as it should be, but for one of its claims.
    fn with_claim(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&self.header().to_string(), &replaced(payload(), name, value).to_string())
    }

    fn header(&self) -> Value {
        json!({ "alg": self.key.record.algorithm.name(), "typ": "at+jwt", "kid": self.key.record.id.as_str() })
    }

    fn sign(&self, header: &str, payload: &str) -> String {
        let input = signing_input(header, payload);
        let signature = self.key.pair.sign(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn signing_input(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn replaced(mut object: Value, name: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().expect("an object");
    match value {
        Some(value) => drop(members.insert(name.to_owned(), value)),
        None => assert!(members.remove(name).is_some(), "{name} was not there"),
    }
    object
}

const USER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const SESSION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
const TOKEN: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003);

fn claims(at: Timestamp) -> AccessClaims {
    AccessClaims {
        user_id: USER.into(),
        session_id: SESSION.into(),
        token_id: TOKEN.into(),
        issued_at: at,
        expires_at: at + LIFETIME,
        roles: vec![RoleName::user()],
        permissions: vec![Permission::parse("reports:read").expect("a permission")],
        email_verified: true,
        added: AddedClaims::new(),
    }
}

fn payload() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": USER,
        "sid": SESSION,
        "jti": TOKEN,
        "iat": 1_800_000_000,
        "nbf": 1_800_000_000,
        "exp": 1_800_001_800,
        "roles": ["user"],
        "permissions": ["reports:read"],
        "email_verified": true,
    })
}

/// Held within the range of moments.
fn moment(seconds: &Value) -> Timestamp {
    let seconds = seconds.as_i64().expect("an integer");
    Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000))
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}
