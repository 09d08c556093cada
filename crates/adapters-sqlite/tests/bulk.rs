//! How quick the store is with a million accounts. Takes minutes, and says something only when optimized and
//! alone: `cargo test --release -p portcullis-adapters-sqlite --test bulk -- --ignored`.

use std::time::{Duration, Instant};

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::ports::{ImportOutcome, UserAdministration as _, UserFilter, UserQuery};
use portcullis_domain::{Account, ProfileNames, RoleName, SearchPrefix, User, UserId};
use portcullis_testkit::ScriptedEntropy;
use portcullis_testkit::fixtures::{NOW, name, password_hash, user, username};

const ACCOUNTS: u64 = 1_000_000;
const BATCH: u64 = 5_000;
const WANTED_A_SECOND: f64 = 20_000.0;

/// An account with all that one can have, whose address, names and age have nothing to do with its number.
fn account(number: u64, entropy: &ScriptedEntropy) -> Account {
    let scrambled = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (first, last) = (format!("First{:x}", scrambled >> 52), format!("Last{:x}", scrambled >> 48));
    let profile = ProfileNames {
        name: Some(name(&format!("{first} {last}"))),
        first_name: Some(name(&first)),
        last_name: Some(name(&last)),
    };
    let age = Duration::from_millis(scrambled >> 26);
    let user = User {
        id: UserId::generate(NOW - age, entropy),
        username: Some(username(&format!("user-{scrambled:x}"))),
        profile,
        ..user(&format!("{scrambled:x}.{last}@example.com"))
    };
    Account { user, password_hash: Some(password_hash()) }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and says something only when optimized and alone"]
async fn a_million_accounts_are_brought_in_and_listed_quickly() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&SqliteOptions::new(folder.path().join("portcullis.db"))).await.unwrap();
    store.migrate().await.unwrap();
    let entropy = ScriptedEntropy::seeded(7);
    let mut taken = Duration::ZERO;
    for batch in 0..ACCOUNTS / BATCH {
        let accounts: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(|n| account(n, &entropy)).collect();
        let began = Instant::now();
        let outcomes = store.import(accounts).await.unwrap();
        taken += began.elapsed();
        assert!(outcomes.iter().all(|outcome| *outcome == ImportOutcome::Imported));
        if batch % 20 == 19 {
            eprintln!("{} {:?} last batch {:?}", (batch + 1) * BATCH, taken, began.elapsed());
        }
    }
    let rate = ACCOUNTS as f64 / taken.as_secs_f64();
    eprintln!("{rate} a second");

    for prefix in
        [None, Some("first"), Some("first1"), Some("last12"), Some("first123"), Some("user-1"), Some("zzz")]
    {
        for role in [None, Some(RoleName::user()), Some(RoleName::admin())] {
            for (email_verified, is_active) in [(None, None), (Some(true), None), (None, Some(true))] {
                let prefix = prefix.map(|text| SearchPrefix::parse(text).unwrap());
                let filter =
                    UserFilter { prefix: prefix.clone(), role: role.clone(), email_verified, is_active };
                let began = Instant::now();
                let mut before = None;
                let mut pages = 0;
                let mut worst = Duration::ZERO;
                loop {
                    let one = Instant::now();
                    let found =
                        store.list(UserQuery { filter: filter.clone(), before, limit: 200 }).await.unwrap();
                    worst = worst.max(one.elapsed());
                    pages += 1;
                    if found.len() < 200 || pages == 50 {
                        break;
                    }
                    before = found.last().map(|user| user.id);
                }
                eprintln!(
                    "{prefix:?} {role:?} {email_verified:?} {is_active:?}: {pages} pages {:?}, worst {worst:?}",
                    began.elapsed()
                );
            }
        }
    }
    assert!(rate >= WANTED_A_SECOND, "{rate:.0} accounts a second");
}
