use std::time::Instant;

use portcullis_domain::ports::{ImportOutcome, UserAdministration as _};
use portcullis_domain::{Account, Locale, ProfileNames};
use portcullis_testkit::fixtures::{name, password_hash, user, username};
use portcullis_throwaway_postgres::{Cluster, ClusterOptions};

use crate::connect;

fn accounts(numbers: std::ops::Range<usize>) -> Vec<Account> {
    numbers
        .map(|number| {
            let mut user = user(&format!("ada.{number}@example.com"));
            user.username = Some(username(&format!("ada.{number}")));
            user.profile = ProfileNames {
                name: Some(name(&format!("Ada Lovelace {number}"))),
                first_name: Some(name(&format!("Ada {number}"))),
                last_name: Some(name(&format!("Lovelace {number}"))),
            };
            user.locale = Locale::english();
            Account { user, password_hash: Some(password_hash()) }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure of this machine, which has to have nothing else to do"]
async fn twenty_thousand_accounts_a_second_are_imported() {
    const BATCH: usize = 5_000;
    const BATCHES: usize = 20;
    let cluster = Cluster::start_with(&ClusterOptions { durable: true, ..Default::default() }).unwrap();
    let store = connect(&cluster.url("postgres")).await;
    store.migrate().await.unwrap();
    let batches: Vec<_> = (0..BATCHES).map(|batch| accounts(batch * BATCH..(batch + 1) * BATCH)).collect();
    let began = Instant::now();
    for batch in batches {
        let outcomes = store.import(batch).await.unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == ImportOutcome::Imported));
    }
    let accounts = u32::try_from(BATCH * BATCHES).unwrap();
    let rate = f64::from(accounts) / began.elapsed().as_secs_f64();
    assert!(rate >= 20_000.0, "{rate} accounts a second");
}
