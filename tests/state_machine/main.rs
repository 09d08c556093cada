//! The service and a model of it, side by side, through what a handful of people do to each other's accounts at
//! random over weeks.
//!
//! A walk that ends in a discrepancy is made shorter for as long as it still does, and then told call by call. Walks
//! are the same in every run; `PORTCULLIS_TEST_WALKS` says how many there are on each store.

mod call;
mod client;
mod model;
mod people;
mod service;
mod step;
mod store;
mod walk;

use std::cell::Cell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use self::store::StoreKind;

const WALKS: u32 = 16;

fn walks() -> u32 {
    match std::env::var("PORTCULLIS_TEST_WALKS") {
        Ok(count) => count.parse().expect("PORTCULLIS_TEST_WALKS is a number"),
        Err(_) => WALKS,
    }
}

fn walk_on(kind: StoreKind) {
    const SEED: [u8; 32] = *b"accounts, sessions and secrets..";
    let config =
        Config { cases: walks(), max_shrink_iters: 1_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let runtime = Runtime::new().expect("threads can be started");
    let calls = Cell::new(0);
    let outcome = runner.run(&step::steps(), |steps| {
        let walked = runtime.block_on(walk::walk(kind, &steps)).map_err(TestCaseError::fail)?;
        calls.set(calls.get() + walked);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            let steps: Vec<_> = steps.iter().map(|step| format!("{step:?}")).collect();
            panic!("on {kind:?}, after the steps\n{}\nthat is\n{reason}", steps.join("\n"));
        }
        Err(abort) => panic!("on {kind:?}: {abort}"),
    }
    assert!(calls.get() > 0, "walks make calls");
}

#[test]
fn the_service_does_what_the_model_says_on_sqlite() {
    walk_on(StoreKind::Sqlite);
}

#[test]
fn the_service_does_what_the_model_says_on_postgres() {
    walk_on(StoreKind::Postgres);
}
