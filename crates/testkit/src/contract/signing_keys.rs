//! Cases of [`SigningKeyRepository`](portcullis_domain::ports::SigningKeyRepository).

use std::time::Duration;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::KeySuccession;
use portcullis_domain::{KeyId, SigningAlgorithm, SigningKey, Timestamp};

use super::race::{CALLERS, race};
use super::steps::{DAY, TICK};
use super::trail::Trail;
use crate::Storage;
use crate::fixtures::{NOW, event};

/// A key whose id tells it from others, made at `created_at`.
fn key(id: impl std::fmt::Display, created_at: Timestamp) -> SigningKey {
    SigningKey {
        id: KeyId::new(format!("key-{id}")),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: format!("sealed {id}").into_bytes(),
        created_at,
        signs_from: created_at + Duration::from_mins(10),
        verifies_until: None,
    }
}

async fn list(storage: &Storage) -> Vec<SigningKey> {
    storage.signing_keys.list().await.expect("list")
}

fn succession(key: &SigningKey, predecessor: Option<&SigningKey>, until: Timestamp) -> KeySuccession {
    KeySuccession {
        key: key.clone(),
        predecessor: predecessor.map(|key| key.id.clone()),
        predecessor_until: until,
        event: event(AuditKind::SigningKeyRotation),
    }
}

async fn succeed(
    storage: &Storage,
    key: &SigningKey,
    predecessor: Option<&SigningKey>,
    until: Timestamp,
) -> bool {
    storage.signing_keys.succeed(succession(key, predecessor, until)).await.expect("succeed")
}

/// Of 50 instances that start on an empty store at once, one makes the first key; and of 50 that rotate at
/// once, one makes the next.
pub async fn raced_first_keys_leave_one(storage: &Storage) {
    assert_eq!(list(storage).await, [], "a fresh store has no key");
    let mut wanted: Vec<SigningKey> = Vec::new();
    for round in 0..4 {
        let now = NOW + DAY * round;
        let newest = wanted.last().cloned();
        let stored = race(storage, |caller, storage| {
            let key = key(format_args!("{round}-{caller}"), now);
            let newest = newest.clone();
            async move { succeed(&storage, &key, newest.as_ref(), now + DAY * 100).await.then_some(key) }
        })
        .await;
        let stored: Vec<_> = stored.into_iter().flatten().collect();
        let [winner] = &stored[..] else {
            panic!("one of {CALLERS} makes the key of round {round}: {stored:?}");
        };
        if let Some(predecessor) = wanted.last_mut() {
            predecessor.verifies_until = Some(now + DAY * 100);
        }
        wanted.push(winner.clone());
        assert_eq!(list(storage).await, wanted, "the winner's key is stored, the oldest first");
    }
}

/// A new key says until when its predecessor verifies, and touches no other.
pub async fn rotation_dates_the_predecessor(storage: &Storage) {
    let [first, second, third] = [key(1, NOW), key(2, NOW + DAY), key(3, NOW + 2 * DAY)];
    assert!(succeed(storage, &first, None, NOW).await);
    assert_eq!(list(storage).await, std::slice::from_ref(&first), "the first key has no predecessor to date");
    assert!(succeed(storage, &second, Some(&first), NOW + DAY + TICK).await);
    assert!(succeed(storage, &third, Some(&second), NOW + 3 * DAY + TICK).await);
    let wanted = [
        SigningKey { verifies_until: Some(NOW + DAY + TICK), ..first },
        SigningKey { verifies_until: Some(NOW + 3 * DAY + TICK), ..second },
        third,
    ];
    assert_eq!(list(storage).await, wanted, "each predecessor is dated once, to the microsecond");
}

/// Who does not know the newest key makes none.
pub async fn a_stale_predecessor_changes_nothing(storage: &Storage) {
    let [first, second, late] = [key(1, NOW), key(2, NOW + DAY), key(3, NOW + 2 * DAY)];
    assert!(!succeed(storage, &late, Some(&first), NOW).await, "a predecessor must exist");
    assert!(succeed(storage, &first, None, NOW).await);
    assert!(succeed(storage, &second, Some(&first), NOW + 2 * DAY).await);
    let before = list(storage).await;
    assert!(!succeed(storage, &late, None, NOW).await, "there is a first key already");
    assert!(!succeed(storage, &late, Some(&first), NOW).await, "it is not the newest any more");
    assert_eq!(list(storage).await, before, "a refusal stores and dates nothing");
}

/// A new key comes with its event, and one that is not stored with none.
pub async fn a_new_key_is_in_the_trail(storage: &Storage) {
    let mut trail = Trail::of(storage).await;
    let [first, second] = [key(1, NOW), key(2, NOW + DAY)];
    let succession = succession(&first, None, NOW);
    assert!(storage.signing_keys.succeed(succession.clone()).await.expect("succeed"));
    trail.gains([succession.event], "the first key").await;
    assert!(!succeed(storage, &second, None, NOW).await);
    trail.gains_nothing("a key that is not stored").await;
    race(storage, |caller, storage| {
        let (key, first) = (key(format_args!("raced-{caller}"), NOW + DAY), first.clone());
        async move { succeed(&storage, &key, Some(&first), NOW + DAY).await }
    })
    .await;
    assert_eq!(trail.news().await.len(), 1, "of many at once, one makes the next");
}

/// Everything about a key comes back as it was given: octets, algorithm, moments to the microsecond.
pub async fn a_signing_key_is_kept_as_it_was_given(storage: &Storage) {
    let algorithms = [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
    let mut predecessor: Option<SigningKey> = None;
    for (number, algorithm) in (1..).zip(algorithms) {
        let given = SigningKey {
            id: KeyId::new(format!("{number}-_NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")),
            algorithm,
            // As long as a sealed RSA key, with every octet that there is.
            sealed: (0..=u8::MAX).cycle().take(1_300).collect(),
            created_at: NOW + TICK * number,
            signs_from: NOW + DAY + TICK * number,
            verifies_until: None,
        };
        assert!(succeed(storage, &given, predecessor.as_ref(), NOW + 2 * DAY).await);
        assert_eq!(list(storage).await.last(), Some(&given));
        predecessor = Some(given);
    }
}

/// Keys are deleted once nothing that they signed can be valid, and the newest never.
pub async fn expired_keys_are_deleted_and_the_newest_never(storage: &Storage) {
    let [first, second, third] = [key(1, NOW), key(2, NOW + DAY), key(3, NOW + 2 * DAY)];
    assert!(succeed(storage, &first, None, NOW).await);
    assert!(succeed(storage, &second, Some(&first), NOW + 10 * DAY).await);
    assert!(succeed(storage, &third, Some(&second), NOW + 20 * DAY).await);
    let delete_at = async |now| storage.signing_keys.delete_expired(now).await.expect("delete");
    assert_eq!(delete_at(NOW + 10 * DAY - TICK).await, 0, "a key stays while it verifies");
    assert_eq!(delete_at(NOW + 10 * DAY + TICK).await, 1, "the first is not needed any more");
    let ids = list(storage).await.into_iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(ids, [second.id, third.id.clone()]);
    assert_eq!(delete_at(Timestamp::MAX).await, 1, "the second is not needed any more");
    assert_eq!(list(storage).await, std::slice::from_ref(&third), "the newest key is never deleted");
    assert!(succeed(storage, &key(4, NOW + 3 * DAY), Some(&third), Timestamp::MAX).await);
}
