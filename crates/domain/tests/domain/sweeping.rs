use std::time::Duration;

use portcullis_domain::SigningAlgorithm;
use portcullis_domain::ports::SigningKeyRepository as _;
use portcullis_domain::use_cases::RotationStart;

use crate::world::{ADA, World};

#[tokio::test]
async fn what_has_expired_is_deleted_and_what_lives_stays() {
    let world = World::new();
    world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    world.domain.rotate_signing_key.rotate(SigningAlgorithm::EdDsa, RotationStart::Announced).await.unwrap();
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
