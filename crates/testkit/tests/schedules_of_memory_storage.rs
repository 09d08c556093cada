//! Schedules: callers of the storage in memory meet in the order that a test says.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use portcullis_domain::ports::UserRepository as _;
use portcullis_testkit::MemoryStorage;

const PING: &str = "UserRepository::ping";

/// A call that notes when it is over.
async fn ping(store: &MemoryStorage, name: &'static str, order: &Mutex<Vec<&'static str>>) {
    store.ping().await.expect("the store answers");
    order.lock().expect("nobody panics").push(name);
}

#[tokio::test]
async fn the_caller_who_is_held_comes_after_the_other() {
    let (store, order) = (MemoryStorage::default(), Mutex::default());
    store.interleave(PING, ping(&store, "held", &order), ping(&store, "meanwhile", &order)).await;
    assert_eq!(order.into_inner().expect("nobody panics"), ["meanwhile", "held"]);
}

#[tokio::test]
async fn schedules_nest() {
    let (store, order) = (MemoryStorage::default(), Mutex::default());
    let inner = store.interleave(PING, ping(&store, "second", &order), ping(&store, "first", &order));
    store.interleave(PING, ping(&store, "third", &order), inner).await;
    assert_eq!(order.into_inner().expect("nobody panics"), ["first", "second", "third"]);
}

#[tokio::test]
async fn a_call_that_is_held_can_fail_when_it_goes_on() {
    let store = MemoryStorage::default();
    let (held, ()) = store.interleave(PING, store.ping(), async { store.fail_next() }).await;
    assert!(held.is_err());
}

#[tokio::test]
#[should_panic = "ended without calling UserRepository::ping"]
async fn what_never_calls_is_not_waited_for() {
    MemoryStorage::default().interleave(PING, async {}, async {}).await;
}

#[tokio::test]
#[should_panic = "no storage port has an operation \"SessionRepository::rotat\""]
async fn a_slip_in_the_name_of_an_operation_is_told() {
    MemoryStorage::default().fail_next_call_to("SessionRepository::rotat");
}

#[test]
fn every_method_of_every_storage_port_is_an_operation() {
    const STORAGE: [&str; 5] = ["Repository", "Administration", "Queue", "Trail", "Archive"];
    let store = MemoryStorage::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src/ports");
    let mut operations = 0;
    for file in fs::read_dir(folder).expect("a folder of ports") {
        let source = fs::read_to_string(file.expect("a file").path()).expect("a source file");
        let Some((_, declared)) = source.split_once("pub trait ") else { continue };
        let (port, methods) = declared.split_once(':').expect("a name");
        if STORAGE.iter().any(|kind| port.ends_with(kind)) {
            for method in methods.split("async fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
                store.fail_next_call_to(format!("{port}::{method}").leak());
                operations += 1;
            }
        }
    }
    assert!(operations > 50, "the methods are found: {operations}");
}
