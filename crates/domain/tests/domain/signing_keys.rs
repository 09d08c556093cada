use std::time::Duration;

use portcullis_domain::ports::{AccessTokens as _, Clock as _, SigningKeyRepository as _};
use portcullis_domain::use_cases::RotationStart;
use portcullis_domain::{KeyState, Origin, SigningAlgorithm, SigningKey};
use portcullis_testkit::TestDomain;

async fn signing_now(domain: &TestDomain) -> SigningKey {
    let keys = domain.storage.list().await.unwrap();
    SigningKey::signing(&keys, domain.clock.now()).expect("a key signs").clone()
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_is_made_once() {
    let domain = TestDomain::new();
    for _ in 0..3 {
        domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    }
    assert_eq!(domain.storage.list().await.unwrap().len(), 1);
    assert_eq!(signing_now(&domain).await.algorithm, SigningAlgorithm::EdDsa);
}

#[tokio::test]
async fn a_next_key_is_published_before_it_signs_and_the_old_one_verifies_until_its_last_token_expires() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let old = signing_now(&domain).await;
    let next = domain
        .use_cases
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Announced)
        .await
        .unwrap();
    assert_eq!(signing_now(&domain).await.id, old.id);
    domain.clock.advance(Duration::from_mins(10));
    assert_eq!(signing_now(&domain).await.id, next.id);

    let old = domain.storage.list().await.unwrap().remove(0);
    let last_token_expires = domain.clock.now() + Duration::from_mins(30);
    assert!(old.verifies(last_token_expires));
    assert!(!old.verifies(last_token_expires + Duration::from_mins(1)));
}

#[tokio::test]
async fn keys_are_listed_with_what_they_do() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let states = async || {
        let listed = domain.use_cases.list_signing_keys.list().await.unwrap();
        listed.into_iter().map(|(_, state)| state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [KeyState::Signing]);
    let operator = Origin::operator();
    let rotate = &domain.use_cases.rotate_signing_key;
    rotate.rotate(&operator, SigningAlgorithm::EdDsa, RotationStart::Announced).await.unwrap();
    assert_eq!(states().await, [KeyState::Signing, KeyState::Announced]);
    domain.clock.advance(Duration::from_mins(10));
    assert_eq!(states().await, [KeyState::Verifying, KeyState::Signing]);
    domain.clock.advance(Duration::from_mins(31));
    assert_eq!(states().await, [KeyState::Expired, KeyState::Signing]);
}

#[tokio::test]
async fn a_key_can_sign_at_once() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let next = domain
        .use_cases
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Immediate)
        .await
        .unwrap();
    assert_eq!(signing_now(&domain).await.id, next.id);
}

#[tokio::test]
async fn another_algorithm_is_announced_at_the_next_start() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::Es256).await.unwrap();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::Es256).await.unwrap();
    assert_eq!(domain.storage.list().await.unwrap().len(), 2);
    assert_eq!(signing_now(&domain).await.algorithm, SigningAlgorithm::EdDsa);
    domain.clock.advance(Duration::from_mins(10));
    assert_eq!(signing_now(&domain).await.algorithm, SigningAlgorithm::Es256);
}

#[tokio::test]
async fn an_announced_key_that_was_overtaken_never_signs() {
    let domain = TestDomain::new();
    let operator = Origin::operator();
    let rotate =
        |start| domain.use_cases.rotate_signing_key.rotate(&operator, SigningAlgorithm::EdDsa, start);
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    rotate(RotationStart::Announced).await.unwrap();
    domain.clock.advance(Duration::from_mins(1));
    let newest = rotate(RotationStart::Immediate).await.unwrap();
    domain.clock.advance(Duration::from_mins(9));
    assert_eq!(signing_now(&domain).await.id, newest.id);
    let listed = domain.use_cases.list_signing_keys.list().await.unwrap();
    assert_eq!(listed[1].1, KeyState::Verifying, "it is announced no more once it could sign");
}

#[tokio::test]
async fn the_keys_are_published_as_who_checks_tokens_reads_them() {
    let domain = TestDomain::new();
    let published = domain.use_cases.publish_keys.publish().await.unwrap();
    assert_eq!(published, domain.access_tokens.public_keys(domain.clock.now()).await.unwrap());
}

#[test]
fn an_algorithm_is_known_by_its_name_in_jwts() {
    for (algorithm, name) in [
        (SigningAlgorithm::EdDsa, "EdDSA"),
        (SigningAlgorithm::Es256, "ES256"),
        (SigningAlgorithm::Rs256, "RS256"),
    ] {
        assert_eq!(algorithm.name(), name);
        assert_eq!(SigningAlgorithm::from_name(name), Some(algorithm));
    }
    for other in ["", "eddsa", "HS256", "none"] {
        assert_eq!(SigningAlgorithm::from_name(other), None, "{other}");
    }
}

#[test]
fn each_state_of_a_key_has_a_name() {
    let states = [KeyState::Announced, KeyState::Signing, KeyState::Verifying, KeyState::Expired];
    assert_eq!(states.map(KeyState::name), ["announced", "signing", "verifying", "expired"]);
}

#[tokio::test]
async fn a_key_is_printed_without_what_is_sealed() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let key = SigningKey { sealed: vec![0xAB; 4], ..signing_now(&domain).await };
    let printed = format!("{key:?}");
    assert!(printed.contains(key.id.as_str()) && printed.contains("[redacted]"), "{printed}");
    assert!(!printed.contains("171"), "{printed}");
}
