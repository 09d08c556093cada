//! What a store that fails says of it.

use std::error::Error as _;
use std::io;

use portcullis_domain::ports::StorageError;
use portcullis_domain::with_causes;

#[derive(Debug, thiserror::Error)]
#[error("no connection is free")]
struct NoConnection(#[source] NoAnswer);

/// Says what its cause says, as many do.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
struct NoAnswer(#[source] io::Error);

#[test]
fn a_store_that_is_away_is_told_from_one_that_is_broken() {
    let (away, broken) = (StorageError::unavailable("away"), StorageError::broken("not a UUID"));
    assert!(away.is_unavailable() && !broken.is_unavailable());
    assert_eq!(away.to_string(), "the store is unavailable");
    assert_eq!(broken.to_string(), "the store answered with something impossible");
}

#[test]
fn the_causes_of_a_failure_are_told_once_each_and_to_the_log_alone() {
    let error = StorageError::unavailable(NoConnection(NoAnswer(io::Error::other("timed out"))));
    assert_eq!(with_causes(&error), "the store is unavailable: no connection is free: no answer: timed out");
    assert_eq!(error.to_string(), "the store is unavailable");
    assert!(error.source().expect("it has a cause").is::<NoConnection>());
}
