//! The contracts of password hashers and of access tokens.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use portcullis_adapters_crypto::{
    Argon2Hasher, HashingCapacity, JwtAccessTokens, KeyRing, OsEntropy, SealingKeyFactory,
};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    AccessTokens, KeySuccession, SigningKeyFactory as _, SigningKeyRepository as _,
};
use portcullis_domain::{SigningAlgorithm, Timestamp};
use portcullis_testkit::contract::access_tokens::AccessTokensSetup;
use portcullis_testkit::contract::hasher::HasherSetup;
use portcullis_testkit::fixtures::{event, secret_key};
use portcullis_testkit::{FrozenClock, MemoryStorage};

const AN_HOUR: Duration = Duration::from_hours(1);

mod argon2id {
    portcullis_testkit::hasher_contract!(super::hashing());
}

mod eddsa {
    portcullis_testkit::access_tokens_contract!(super::signing(super::SigningAlgorithm::EdDsa).await);
}

mod es256 {
    portcullis_testkit::access_tokens_contract!(super::signing(super::SigningAlgorithm::Es256).await);
}

mod rs256 {
    portcullis_testkit::access_tokens_contract!(super::signing(super::SigningAlgorithm::Rs256).await);
}

fn hashing() -> HasherSetup {
    // Enough that its time can be told from none.
    let settings = "m=4096,t=2,p=1".parse().expect("settings");
    let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 32 };
    let hasher = Argon2Hasher::start(settings, capacity, Arc::new(OsEntropy)).expect("threads");
    HasherSetup { hasher: Arc::new(hasher), hash_elsewhere }
}

fn hash_elsewhere(octets: &[u8]) -> String {
    let params = Params::new(64, 2, 1, None).expect("parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_with_salt(octets, b"a salt elsewhere").expect("a hash").to_string()
}

async fn signing(algorithm: SigningAlgorithm) -> AccessTokensSetup {
    AccessTokensSetup {
        access_tokens: installation(algorithm).await,
        elsewhere: installation(algorithm).await,
    }
}

/// An installation with one key, which signs from an hour before the cases on.
async fn installation(algorithm: SigningAlgorithm) -> Arc<dyn AccessTokens> {
    let made_at = FrozenClock::START - AN_HOUR;
    let store = Arc::new(MemoryStorage::default());
    let succession = KeySuccession {
        key: SealingKeyFactory::new(&secret_key()).generate(algorithm, made_at, made_at),
        predecessor: None,
        predecessor_until: Timestamp::MAX,
        event: event(AuditKind::SigningKeyRotation),
    };
    assert!(store.succeed(succession).await.expect("the store works"), "it is the first key");
    let ring = KeyRing::load(store, &secret_key(), made_at).await.expect("the key can be read");
    Arc::new(JwtAccessTokens::new(Arc::new(ring), "https://accounts.example.org", "https://api.example.org"))
}
