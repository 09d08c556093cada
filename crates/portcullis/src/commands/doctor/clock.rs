use std::time::Duration;

use portcullis_adapters_process::SystemClock;
use portcullis_domain::Timestamp;
use portcullis_domain::ports::{AuditQuery, AuditTrail, Clock as _, SigningKeyRepository, StorageError};

use super::finding::Finding;
use crate::store::Store;

pub(super) const CHECK: &str = "clock";

/// How far the clocks of instances may be apart.
const TOLERANCE: Duration = Duration::from_mins(1);
/// How far clocks that are set by NTP are apart at most.
const USUAL: Duration = Duration::from_secs(2);

const REMEDY: &str = "set the clocks of all instances and of the store by NTP";

/// Finds out whether the clock is that of the store, and not behind what the store has seen: tokens would be refused
/// as not yet good, and what expired would live on.
pub(super) async fn examine(store: &dyn Store) -> Finding {
    match compare(store).await {
        Ok(finding) => finding,
        Err(error) => Finding::error(CHECK, error, "mend the store first"),
    }
}

async fn compare(store: &dyn Store) -> Result<Finding, StorageError> {
    let asked = SystemClock.now();
    let of_store = store.server_time().await?;
    let answered = SystemClock.now();
    if let Some(finding) = of_store.and_then(|time| judge(time, asked, answered)) {
        return Ok(finding);
    }
    Ok(match newest(store).await? {
        Some(newest) if newest > answered + TOLERANCE => Finding::failed(
            CHECK,
            format!("it is {answered} here, but the store holds what happened at {newest}"),
            REMEDY,
        ),
        _ if of_store.is_some() => {
            Finding::ok(CHECK, "it is that of the store, and not behind what it has seen")
        }
        _ => Finding::ok(CHECK, "it is not behind what the store has seen"),
    })
}

/// What is wrong with the time of a store that was asked for it at one moment and had answered at another.
fn judge(of_store: Timestamp, asked: Timestamp, answered: Timestamp) -> Option<Finding> {
    let (skew, word) = if of_store < asked {
        (asked.since(of_store), "ahead of")
    } else {
        (of_store.since(answered), "behind")
    };
    let result = || format!("it is {:.1} s {word} that of the store", skew.as_secs_f64());
    if skew > TOLERANCE {
        Some(Finding::failed(CHECK, result(), REMEDY))
    } else if skew > USUAL {
        Some(Finding::warning(CHECK, result(), REMEDY))
    } else {
        None
    }
}

/// The latest moment that the store knows of.
async fn newest(store: &dyn Store) -> Result<Option<Timestamp>, StorageError> {
    let query = AuditQuery { user: None, kind: None, since: None, until: None, before: None, limit: 1 };
    let events = AuditTrail::list(store, query).await?;
    let keys = SigningKeyRepository::list(store).await?;
    Ok(events.iter().map(|event| event.at).chain(keys.iter().map(|key| key.created_at)).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    #[test]
    fn a_store_that_takes_its_time_is_not_taken_for_one_whose_clock_is_wrong() {
        let answered = ASKED + Duration::from_secs(90);
        for of_store in [ASKED, ASKED + Duration::from_secs(45), answered, answered + USUAL] {
            assert!(judge(of_store, ASKED, answered).is_none());
        }
    }

    #[test]
    fn the_further_the_clocks_are_apart_the_worse_it_is() {
        let found = |of_store| judge(of_store, ASKED, ASKED).expect("it is found").to_string();
        let ahead = found(ASKED - Duration::from_secs(5));
        assert!(ahead.starts_with("warning") && ahead.contains("5.0 s ahead of"), "{ahead}");
        let behind = found(ASKED + Duration::from_mins(2));
        assert!(behind.starts_with("FAILED") && behind.contains("120.0 s behind"), "{behind}");
    }
}
