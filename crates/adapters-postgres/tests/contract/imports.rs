//! Imports that get into each other's way.

use portcullis_domain::Account;
use portcullis_domain::ports::ImportOutcome;
use portcullis_testkit::fixtures::{password_hash, user};

use super::fresh_storage;

/// Two transactions that insert the same in opposite orders wait for each other, until the server ends one of them.
#[tokio::test(flavor = "multi_thread")]
async fn imports_of_the_same_accounts_in_opposite_orders_both_come_to_an_end() {
    const ACCOUNTS: usize = 2_000;
    let storage = fresh_storage().await;
    let second = storage.second.as_ref().expect("two stores");
    let account = |number| {
        let user = user(&format!("user{number}@example.com"));
        Account { user, password_hash: Some(password_hash()) }
    };
    let forward: Vec<_> = (0..ACCOUNTS).map(account).collect();
    let backward: Vec<_> = forward.iter().rev().cloned().collect();
    let (forward, backward) =
        tokio::join!(storage.administration.import(forward), second.administration.import(backward));
    let (forward, backward) = (forward.expect("it ends"), backward.expect("it ends"));
    for (one, other) in forward.iter().zip(backward.iter().rev()) {
        let outcomes = [one, other];
        let imported = outcomes.iter().filter(|outcome| ***outcome == ImportOutcome::Imported).count();
        let present = outcomes.iter().filter(|outcome| ***outcome == ImportOutcome::Present).count();
        assert_eq!((imported, present), (1, 1), "{outcomes:?}");
    }
}
