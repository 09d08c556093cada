use std::time::Duration;

use portcullis_domain::policy::{Lifetimes, Policy};
use portcullis_domain::ports::SigningKeyRepository as _;
use portcullis_domain::use_cases::{ImportTally, RotationStart, Sweep};
use portcullis_domain::{Actor, Origin, SigningAlgorithm};

use crate::world::{ADA, World};

#[tokio::test]
async fn what_has_expired_is_deleted_and_what_lives_stays() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    world
        .domain
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Announced)
        .await
        .unwrap();
    world.clock.advance(Duration::from_mins(10));
    let signed_in = world.signed_in(ADA).await;
    assert!(!world.domain.sweep.sweep().await.unwrap(), "one batch is enough");
    world.principal(&signed_in).await;
    assert_eq!(world.storage.list().await.unwrap().len(), 2);

    world.clock.advance(Duration::from_hours(31 * 24));
    assert!(!world.domain.sweep.sweep().await.unwrap());
    assert_eq!(world.storage.list().await.unwrap().len(), 1, "the newest key stays, however old");
    assert!(world.has_ended(&signed_in).await);
}

#[tokio::test]
async fn the_trail_forgets_what_is_older_than_the_policy_says() {
    let day = Duration::from_hours(24);
    let lifetimes = Lifetimes { audit: 90 * day, ..Policy::default().lifetimes };
    let world = World::under(Policy { lifetimes, ..Policy::default() });
    world.made(ADA, &[]).await;
    let age = Duration::from_millis(1);
    world.clock.advance(age);
    world.made("eve@example.com", &[]).await;
    let told = world.observer.told();
    world.clock.advance((90 * day).saturating_sub(age));
    world.domain.sweep.sweep().await.unwrap();
    assert_eq!(world.storage.audit_events(), told, "what is as old as that stays");
    world.clock.advance(age);
    world.domain.sweep.sweep().await.unwrap();
    assert_eq!(world.storage.audit_events(), told[1..]);
}

#[tokio::test]
async fn a_full_batch_says_that_more_may_be_left() {
    let world = World::new();
    let operator = Actor::operator();
    for _ in 0..=Sweep::BATCH {
        world.domain.import_users.conclude(&operator, ImportTally::default()).await.unwrap();
    }
    world.clock.advance(Duration::from_hours(366 * 24));
    assert!(world.domain.sweep.sweep().await.unwrap());
    assert_eq!(world.storage.audit_events().len(), 1);
    assert!(!world.domain.sweep.sweep().await.unwrap());
    assert!(world.storage.audit_events().is_empty());
}
