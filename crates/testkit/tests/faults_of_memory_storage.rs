//! The storage in memory fails when it is told to, and then as a database does: nothing happened.

use std::sync::Arc;

use portcullis_domain::ports::{MailQueue as _, UserRepository as _};
use portcullis_testkit::MemoryStorage;
use portcullis_testkit::fixtures::{NOW, account};

#[tokio::test]
async fn any_next_call_can_be_made_to_fail_once() {
    let store = MemoryStorage::default();
    let ada = account("ada@example.com");
    store.fail_next();
    let refused = store.register(ada.clone()).await.expect_err("the call fails");
    assert!(refused.is_unavailable(), "it may succeed later");
    let found = store.find_by_id(ada.user.id).await.expect("the next call succeeds");
    assert!(found.is_none(), "the call that failed stored nothing");
}

#[tokio::test]
async fn a_named_call_can_be_made_to_fail_among_others() {
    let store = MemoryStorage::default();
    store.fail_next_call_to("MailQueue::claim");
    store.ping().await.expect("calls to others succeed");
    assert!(store.claim(NOW, NOW).await.is_err());
    assert_eq!(store.claim(NOW, NOW).await.expect("it fails once"), None);
}

#[tokio::test]
async fn every_handle_sees_one_store() {
    let store = MemoryStorage::default();
    let other = Arc::new(store.clone());
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.expect("register");
    assert!(other.find_by_id(ada.user.id).await.expect("find").is_some());
}
