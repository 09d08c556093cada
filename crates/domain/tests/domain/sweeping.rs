use std::time::Duration;

use portcullis_domain::archive::RecordKind;
use portcullis_domain::policy::{Lifetimes, Policy};
use portcullis_domain::ports::{Clock as _, InstallationArchive as _, SigningKeyRepository as _};
use portcullis_domain::use_cases::{ImportTally, RotationStart, Sweep};
use portcullis_domain::{Actor, Origin, SigningAlgorithm};
use portcullis_testkit::TestDomain;

use crate::ADA;

/// How long what has expired stays.
const MARGIN: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_micros(1);

#[tokio::test]
async fn what_has_expired_is_deleted_and_what_lives_stays() {
    let domain = TestDomain::new();
    domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.unwrap();
    domain
        .use_cases
        .rotate_signing_key
        .rotate(&Origin::operator(), SigningAlgorithm::EdDsa, RotationStart::Announced)
        .await
        .unwrap();
    domain.clock.advance(Duration::from_mins(10));
    let signed_in = domain.signed_in(ADA).await;
    assert!(!domain.use_cases.sweep.sweep().await.unwrap(), "one batch is enough");
    domain.principal(&signed_in).await;
    assert_eq!(domain.storage.list().await.unwrap().len(), 2);

    domain.clock.advance(Duration::from_hours(31 * 24));
    assert!(!domain.use_cases.sweep.sweep().await.unwrap());
    assert_eq!(domain.storage.list().await.unwrap().len(), 1, "the newest key stays, however old");
    assert!(domain.has_ended(&signed_in).await);
}

#[tokio::test]
async fn what_has_just_expired_stays_for_instances_whose_clocks_are_behind() {
    let domain = TestDomain::new();
    let session = domain.principal(&domain.signed_in(ADA).await).await.session;
    for (age, left) in [(MARGIN, 1), (MARGIN + TICK, 0)] {
        domain.clock.set(session.expires_at + age);
        domain.use_cases.sweep.sweep().await.unwrap();
        assert_eq!(domain.storage.count(RecordKind::Sessions).await.unwrap(), left, "{age:?}");
    }
}

#[tokio::test]
async fn wrong_passwords_stay_for_as_long_as_they_count() {
    let domain = TestDomain::new();
    domain.login(ADA, "wrong").await.unwrap_err();
    let failed_at = domain.clock.now();
    let counts = Policy::default().lockout.forgotten_after();
    for (age, left) in [(Duration::ZERO, 1), (counts + MARGIN, 1), (counts + MARGIN + TICK, 0)] {
        domain.clock.set(failed_at + age);
        domain.use_cases.sweep.sweep().await.unwrap();
        assert_eq!(domain.storage.count(RecordKind::PasswordAttempts).await.unwrap(), left, "{age:?}");
    }
}

#[tokio::test]
async fn the_trail_forgets_what_is_older_than_the_policy_says() {
    let day = Duration::from_hours(24);
    let lifetimes = Lifetimes { audit: 90 * day, ..Policy::default().lifetimes };
    let domain = TestDomain::under(Policy { lifetimes, ..Policy::default() });
    domain.made(ADA, &[]).await;
    let age = Duration::from_millis(1);
    domain.clock.advance(age);
    domain.made("eve@example.com", &[]).await;
    let told = domain.audit_observer.told();
    domain.clock.advance((90 * day).saturating_sub(age));
    domain.use_cases.sweep.sweep().await.unwrap();
    assert_eq!(domain.storage.audit_events(), told, "what is as old as that stays");
    domain.clock.advance(age);
    domain.use_cases.sweep.sweep().await.unwrap();
    assert_eq!(domain.storage.audit_events(), told[1..]);
}

#[tokio::test]
async fn a_full_batch_says_that_more_may_be_left() {
    let domain = TestDomain::new();
    let operator = Actor::operator();
    for _ in 0..=Sweep::BATCH {
        domain.use_cases.import_users.conclude(&operator, ImportTally::default()).await.unwrap();
    }
    domain.clock.advance(Duration::from_hours(366 * 24));
    assert!(domain.use_cases.sweep.sweep().await.unwrap());
    assert_eq!(domain.storage.audit_events().len(), 1);
    assert!(!domain.use_cases.sweep.sweep().await.unwrap());
    assert!(domain.storage.audit_events().is_empty());
}
