//! The storage contract, each case on a file of its own.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::UserId;
use portcullis_testkit::{BackDoor, Storage};

use crate::RedbStore;
use crate::records::Changes as _;

#[async_trait]
impl BackDoor for RedbStore {
    async fn set_active(&self, user: UserId, is_active: bool) {
        let step = self.write(move |store| {
            store.change_account(user, |account| account.user.is_active = is_active).map(drop)
        });
        step.await.expect("the store works");
    }
}

fn fresh() -> Storage {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Arc::new(RedbStore::open(folder.path().join("accounts.redb")).expect("the store opens"));
    Storage {
        users: store.clone(),
        administration: store.clone(),
        roles: store.clone(),
        sessions: store.clone(),
        tokens: store.clone(),
        lockouts: store.clone(),
        mails: store.clone(),
        audit_trail: store.clone(),
        signing_keys: store.clone(),
        back_door: store,
        // redb locks its file: one process serves it.
        second: None,
        guard: Arc::new(folder),
    }
}

portcullis_testkit::storage_contract!(fresh());

#[tokio::test]
async fn what_was_stored_is_there_when_the_store_is_opened_again() {
    use portcullis_domain::ports::{RoleRepository as _, UserRepository as _};
    use portcullis_testkit::fixtures;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = || RedbStore::open(folder.path().join("accounts.redb")).expect("the store opens");
    let account = fixtures::account("ada@example.com");
    open().register(account.clone()).await.expect("the store works");
    let store = open();
    let kept = store.find_by_id(account.user.id).await.expect("the store works");
    assert_eq!(kept.map(|kept| kept.user), Some(account.user));
    assert_eq!(store.list().await.expect("the store works").len(), 2, "the built-in roles");
}
