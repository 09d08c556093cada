use std::time::Duration;

use portcullis_adapters_process::SystemClock;
use portcullis_domain::ports::{Clock as _, SigningKeyRepository};
use portcullis_domain::{SigningKey, Timestamp};

use super::finding::Finding;
use crate::store::Store;

pub(super) const CHECK: &str = "keys";

/// How long a key may sign before it is time for the next: the longer, the more its loss would cost.
const OLD: Duration = Duration::from_hours(365 * 24);

/// Finds out whether a key signs access tokens, and how old it is.
pub(super) async fn examine(store: &dyn Store) -> Finding {
    match SigningKeyRepository::list(store).await {
        Ok(keys) => judge(&keys, SystemClock.now()),
        Err(error) => Finding::error(CHECK, error, "mend the store first"),
    }
}

fn judge(keys: &[SigningKey], now: Timestamp) -> Finding {
    match SigningKey::signing(keys, now) {
        Some(key) if now.since(key.created_at) > OLD => Finding::warning(
            CHECK,
            format!("the key that signs access tokens is from {}", key.created_at),
            "make the next one with `portcullis keys rotate`",
        ),
        Some(key) => Finding::ok(CHECK, format!("a key of {} signs access tokens", key.created_at)),
        None if keys.is_empty() => Finding::ok(CHECK, "there are none yet: the first start makes one"),
        None => Finding::failed(
            CHECK,
            "no key signs access tokens yet: the time of all of them is to come",
            "set the clock by NTP; if it is right, make one that signs at once with `portcullis keys rotate --now`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_domain::{KeyId, SigningAlgorithm};
    use portcullis_testkit::fixtures::NOW;

    use super::*;

    fn signing_key(created_at: Timestamp) -> SigningKey {
        SigningKey {
            id: KeyId::new("a key"),
            algorithm: SigningAlgorithm::EdDsa,
            sealed: Vec::new(),
            created_at,
            signs_from: created_at,
            verifies_until: None,
        }
    }

    fn found(age: Option<Duration>) -> String {
        let keys: Vec<_> = age.map(|age| signing_key(NOW - age)).into_iter().collect();
        judge(&keys, NOW).to_string()
    }

    #[test]
    fn a_key_that_has_signed_for_a_year_wants_a_successor() {
        assert!(found(None).starts_with("ok "));
        assert!(found(Some(Duration::ZERO)).starts_with("ok "));
        assert!(found(Some(OLD)).starts_with("ok "));
        let old = found(Some(OLD + Duration::from_secs(1)));
        assert!(old.starts_with("warning") && old.contains("keys rotate"), "{old}");
    }

    #[test]
    fn keys_none_of_which_signs_are_a_failure() {
        let keys = [signing_key(NOW + Duration::from_mins(5))];
        assert!(judge(&keys, NOW).to_string().starts_with("FAILED"));
    }
}
