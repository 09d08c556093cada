use std::time::Duration;

use portcullis_domain::ports::{Clock as _, SigningKeyRepository as _};
use portcullis_domain::use_cases::RotationStart;
use portcullis_domain::{KeyState, Origin, SigningAlgorithm, SigningKey};

use crate::world::World;

async fn signing_now(world: &World) -> SigningKey {
    let keys = world.storage.list().await.unwrap();
    SigningKey::signing(&keys, world.clock.now()).expect("a key signs").clone()
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_is_made_once() {
    let world = World::new();
    for _ in 0..3 {
        world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    }
    assert_eq!(world.storage.list().await.unwrap().len(), 1);
    assert_eq!(signing_now(&world).await.algorithm, SigningAlgorithm::EdDsa);
}

#[tokio::test]
async fn a_next_key_is_published_before_it_signs_and_the_old_one_verifies_until_its_last_token_expires() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let old = signing_now(&world).await;
    let next = world
        .domain
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Announced)
        .await
        .unwrap();
    assert_eq!(signing_now(&world).await.id, old.id);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(signing_now(&world).await.id, next.id);

    let old = world.storage.list().await.unwrap().remove(0);
    let last_token_expires = world.clock.now() + Duration::from_mins(30);
    assert!(old.verifies(last_token_expires));
    assert!(!old.verifies(last_token_expires + Duration::from_mins(1)));
}

#[tokio::test]
async fn keys_are_listed_with_what_they_do() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let states = async || {
        let listed = world.domain.list_signing_keys.list().await.unwrap();
        listed.into_iter().map(|(_, state)| state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [KeyState::Signing]);
    let operator = Origin::operator();
    let rotate = &world.domain.rotate_signing_key;
    rotate.rotate(&operator, SigningAlgorithm::EdDsa, RotationStart::Announced).await.unwrap();
    assert_eq!(states().await, [KeyState::Signing, KeyState::Announced]);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(states().await, [KeyState::Verifying, KeyState::Signing]);
    world.clock.advance(Duration::from_mins(31));
    assert_eq!(states().await, [KeyState::Expired, KeyState::Signing]);
}

#[tokio::test]
async fn a_key_can_sign_at_once() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    let next = world
        .domain
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Immediate)
        .await
        .unwrap();
    assert_eq!(signing_now(&world).await.id, next.id);
}

#[tokio::test]
async fn another_algorithm_is_announced_at_the_next_start() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::Es256).await.unwrap();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::Es256).await.unwrap();
    assert_eq!(world.storage.list().await.unwrap().len(), 2);
    assert_eq!(signing_now(&world).await.algorithm, SigningAlgorithm::EdDsa);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(signing_now(&world).await.algorithm, SigningAlgorithm::Es256);
}

#[tokio::test]
async fn an_announced_key_that_was_overtaken_never_signs() {
    let world = World::new();
    let operator = Origin::operator();
    let rotate = |start| world.domain.rotate_signing_key.rotate(&operator, SigningAlgorithm::EdDsa, start);
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    rotate(RotationStart::Announced).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    let newest = rotate(RotationStart::Immediate).await.unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(signing_now(&world).await.id, newest.id);
}
